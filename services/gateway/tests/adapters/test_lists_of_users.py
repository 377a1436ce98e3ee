"""A person's lists, as people with a role turn their pages: whole, in order, and each look recorded."""

import re
from dataclasses import replace

import pytest
from gateway.domain.errors import Unavailable
from gateway.domain.generation import Failure, GenerationStatus
from gateway.domain.identifiers import AccountId, UserId
from gateway.domain.user import Role
from gateway_world import HTML, PASSWORD, Door, assert_problem
from staff import become, enter, get

NOBODY = "usr_" + "0" * 32
LISTS = ("ledger/entries", "generations", "purchases")
TABS = ("statement", "jobs", "purchases", "acts")


@pytest.mark.parametrize("listed", LISTS)
async def test_a_list_is_whole_over_its_parts(rich: Door, listed: str) -> None:
    """As its owner reads it, but for what was asked for; who looked, and how often, is known."""
    (ada,) = rich.world.identity.users
    for _ in range(4):
        rich.world.ledger.grant(AccountId(ada), 7)
        assert (await rich.generate()).status_code == 202
    expected = [each["id"] for each in (await rich.http.get(f"/v1/{listed}")).json()["data"]]
    support = await become(rich, Role.SUPPORT)
    seen, cursor, parts = [], None, 0
    while cursor is not None or not parts:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await rich.http.get(f"/v1/admin/users/{ada}/{listed}", params=params)
        assert "heron" not in answer.text
        seen += [each["id"] for each in answer.json()["data"]]
        cursor, parts = answer.json()["next_cursor"], parts + 1
    assert seen == expected
    assert (parts > 2) is (listed != "purchases")
    kept = rich.world.administration.kept
    assert [(each.action, each.actor, each.subject_id) for each in kept] == [
        ("person.read", support, ada)
    ] * parts


@pytest.mark.parametrize("listed", LISTS)
async def test_nobody_has_no_list(rich: Door, listed: str) -> None:
    """An unknown id, one that is none, and what is no cursor: said, and no look is recorded."""
    (ada,) = rich.world.identity.users
    await become(rich, Role.SUPPORT)
    for user in (NOBODY, "usr_1"):
        assert_problem(await rich.http.get(f"/v1/admin/users/{user}/{listed}"), 404, "USER_NOT_FOUND")
    answer = await rich.http.get(f"/v1/admin/users/{ada}/{listed}", params={"cursor": "no cursor"})
    assert answer.status_code == 422
    assert rich.world.administration.kept == []


async def test_a_ledger_that_is_away_is_said_to_be(rich: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other lists go on."""
    (ada,) = rich.world.identity.users
    await become(rich, Role.SUPPORT)

    async def away(*_: object, **__: object) -> None:
        raise Unavailable("no answer", reason="LEDGER_UNAVAILABLE")

    monkeypatch.setattr(type(rich.world.ledger), "entries", away)
    gone = await rich.http.get(f"/v1/admin/users/{ada}/ledger/entries")
    assert_problem(gone, 503, "LEDGER_UNAVAILABLE")
    assert (await rich.http.get(f"/v1/admin/users/{ada}/generations")).status_code == 200


async def test_a_long_statement_has_pages(door: Door) -> None:
    """The first page of the account shows the newest lines and leads to all; the rest is turned to."""
    ada, _ = await enter(door, Role.SUPPORT)
    for number in range(60):
        door.world.ledger.grant(AccountId(ada), 1000 + number)
    overview = await get(door, f"/admin/users/{ada}")
    assert re.search(r"[+]1,059", overview.text)
    assert "1,050" not in overview.text
    assert f'href="/admin/users/{ada}/statement"' in overview.text
    first = await get(door, f"/admin/users/{ada}/statement")
    assert re.search(r'aria-current="page">Statement</a>', first.text)
    assert ("1,059" in first.text, "+1,000" in first.text) == (True, False)
    (older,) = re.findall(r'href="(/admin/users/[^"]+cursor=[^"]+)">Older', first.text)
    rest = await get(door, older.replace("&amp;", "&"))
    assert ("+1,059" in rest.text, "+1,000" in rest.text, "Older" in rest.text) == (False, True, False)
    assert f'href="/admin/users/{ada}/statement">Newest' in rest.text


@pytest.mark.parametrize("tab", TABS)
async def test_a_list_without_lines_says_so(door: Door, tab: str) -> None:
    """Each tab says whose it is and where one is; of nobody there is nothing."""
    ada, _ = await enter(door, Role.SUPPORT)
    page = await get(door, f"/admin/users/{ada}/{tab}")
    assert (page.status_code, "ada@example.com" in page.text) == (200, True)
    assert page.text.count('aria-current="page"') >= 2
    assert "cursor=" not in page.text
    assert (await get(door, f"/admin/users/{NOBODY}/{tab}")).status_code == 404


async def test_how_a_job_ended_is_said_in_words(rich: Door) -> None:
    """In those of the library, in the reader's language; the reason of a failure stays a name."""
    (job,) = rich.world.generations.jobs.values()
    failure = Failure(reason="PROVIDER_FAILED", detail="no")
    rich.world.generations.jobs[job.generation_id] = replace(
        job, status=GenerationStatus.FAILED, failure=failure
    )
    (ada,) = rich.world.identity.users
    staff = await become(rich, Role.SUPPORT)
    del rich.http.headers["Authorization"]
    form = {"email": rich.world.identity.users[UserId(staff)].email, "password": PASSWORD}
    assert (await rich.http.post("/login", data=form, headers=HTML)).status_code == 303
    page = await rich.http.get(f"/admin/users/{ada}/jobs", headers=HTML | {"Accept-Language": "es"})
    assert "fallido" in page.text
    assert "PROVIDER_FAILED" in page.text
    assert ">failed<" not in page.text
