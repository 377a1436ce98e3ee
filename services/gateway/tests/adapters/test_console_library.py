"""The library by its form: filters, what comes next, favourites, and what must not happen."""

import re
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from gateway.adapters.inbound.console.library_query import SHOWN_MAX, LibraryQuery, State, library_query
from gateway.domain.generation import GenerationStatus, LibraryFilter, Modality
from gateway_world import ORIGIN, Door, ask_for, csrf_of, enter

FROM_HERE = {"Origin": ORIGIN}
PART = {"HX-Request": "true"}


async def made(door: Door, *prompts: str, model: str = "local/sketch") -> list[str]:
    """Generations of the person who is signed in, the oldest first."""
    return [*await ask_for(door, *prompts, model=model)]


async def entered(door: Door) -> str:
    """Sign in with plenty of credits; returns the CSRF token."""
    csrf = await enter(door)
    (user,) = door.world.identity.users.values()
    door.world.ledger.grant(user.user_id, 100_000)
    return csrf


def tiles(answer: httpx.Response) -> list[str]:
    """The ids of the tiles of a page, in order."""
    assert answer.status_code == 200, answer.text
    return re.findall(r'data-generation="([^"]+)"', answer.text)


def older(answer: httpx.Response) -> str | None:
    """The address that the end of the list fetches by itself."""
    found = re.search(r'class="older" hx-get="([^"]+)"', answer.text)
    return unescape(found[1]) if found else None


async def test_a_form_filters_without_a_script(door: Door) -> None:
    """Each field narrows what is shown, and keeps what was put in it."""
    await entered(door)
    fox, heron, wolf = await made(door, "a red fox", "a blue heron", "a red wolf")
    (film,) = await made(door, "a red tide", model="local/motion")
    door.world.generations.finish(fox, GenerationStatus.SUCCEEDED)
    door.world.generations.finish(wolf, GenerationStatus.FAILED)
    await door.http.post(
        f"/library/{heron}/favourite",
        data={"csrf_token": csrf_of(door), "is_favourite": "on"},
        headers=FROM_HERE,
    )
    everything = [film, wolf, heron, fox]
    for query, shown in (
        ("", everything),
        ("search=&kind=&model=&from=&to=", everything),
        ("search=RED", [film, wolf, fox]),
        ("kind=video", [film]),
        ("kind=image&search=red", [wolf, fox]),
        ("model=local/motion", [film]),
        ("state=done", [fox]),
        ("state=failed&state=done", [wolf, fox]),
        ("state=open", [film, heron]),
        ("favourite=on", [heron]),
        ("from=2030-01-02&to=2030-01-02", everything),
        ("to=2030-01-01", []),
        ("from=2030-01-03", []),
        # What no form says is left out, and nothing is refused.
        ("kind=smell&state=odd&from=yesterday&to=9999-12-31&search=%00", everything),
    ):
        assert tiles(await door.http.get(f"/library?{query}")) == shown, query
    page = (await door.http.get("/library?search=r%22ed&kind=video&state=failed&favourite=on")).text
    assert 'value="r&#34;ed"' in page
    for chosen in ('value="video" checked', 'value="failed" checked', 'name="favourite" value="on" checked'):
        assert chosen in page


async def test_nothing_that_fits_leads_on(door: Door) -> None:
    """An empty answer says so and clears the filters; an empty library makes the first one."""
    await entered(door)
    page = (await door.http.get("/library")).text
    assert "Make the first one" in page
    assert "Clear filters" not in page
    await made(door, "a fox")
    page = (await door.http.get("/library?search=whale")).text
    assert "Nothing matches" in page
    assert '<a class="btn" href="/library">Clear filters</a>' in page
    assert "Make the first one" not in page


async def test_a_filter_changes_its_part_of_the_page(door: Door) -> None:
    """With a script only the results come, and the address that they have."""
    await entered(door)
    (fox, _) = await made(door, "a fox", "a wolf")
    answer = await door.http.get("/library?search=fox&kind=&model=&from=&to=", headers=PART)
    assert tiles(answer) == [fox]
    assert answer.headers["hx-replace-url"] == "/library?search=fox"
    assert "<html" not in answer.text
    assert '<form class="toolbar' not in answer.text
    cleared = await door.http.get("/library?kind=&search=", headers=PART)
    assert cleared.headers["hx-replace-url"] == "/library"


async def test_the_list_goes_on_and_keeps_its_place(door: Door) -> None:
    """Its end fetches what comes next, once each; the address brings all of it back."""
    await entered(door)
    all_ids = list(reversed(await made(door, *(f"fox {number}" for number in range(60)))))
    await made(door, "a wolf")
    page = await door.http.get("/library?search=fox")
    seen = tiles(page)
    assert seen == all_ids[:24]
    headings = page.text.count("<h2>")
    while address := older(page):
        assert urlsplit(address).path == "/library"
        assert parse_qs(urlsplit(address).query)["search"] == ["fox"]
        page = await door.http.get(address, headers=PART)
        seen += tiles(page)
        # The same day goes on: it has its heading already.
        headings += page.text.count("<h2>")
        assert page.headers["hx-replace-url"] == f"/library?search=fox&shown={len(seen)}"
    assert (seen, headings) == (all_ids, 1)
    back = await door.http.get("/library?search=fox&shown=48")
    assert tiles(back) == all_ids[:48]
    assert parse_qs(urlsplit(older(back) or "").query)["before"] == ["48"]
    assert tiles(await door.http.get(f"/library?search=fox&shown={SHOWN_MAX}")) == all_ids


async def test_older_ones_are_a_link_without_a_script(door: Door) -> None:
    """A page after the other, and back to the newest."""
    await entered(door)
    all_ids = list(reversed(await made(door, *(f"fox {number}" for number in range(30)))))
    page = await door.http.get("/library")
    link = re.search(r'<a class="btn" data-variant="outline" href="([^"]+)">Older', page.text)
    assert link
    second = await door.http.get(unescape(link[1]))
    assert tiles(second) == all_ids[24:]
    assert 'href="/library">Newest' in second.text
    assert "<h1>Library" in second.text


@pytest.mark.parametrize("query", ["cursor=x", "search=other&cursor={theirs}"])
async def test_a_place_in_another_list_is_refused(door: Door, query: str) -> None:
    """By a page for people, and nothing is shown of the wrong list."""
    await entered(door)
    await made(door, *(f"fox {number}" for number in range(30)))
    address = older(await door.http.get("/library?search=fox")) or ""
    theirs = parse_qs(urlsplit(address).query)["cursor"][0]
    answer = await door.http.get(f"/library?{query.format(theirs=theirs)}")
    assert answer.status_code == 422
    assert not re.findall("data-generation", answer.text)


async def test_a_heart_is_pressed_and_released(door: Door) -> None:
    """Without a script one is where one was; with one, the heart alone changes."""
    csrf = await entered(door)
    (fox,) = await made(door, "a fox")
    door.world.generations.finish(fox, GenerationStatus.SUCCEEDED)
    was = f"{ORIGIN}/library?search=fox&note=deleted"
    for form, is_favourite in (({"is_favourite": "on"}, True), ({}, False)):
        for more in ({"Referer": was}, PART):
            answer = await door.http.post(
                f"/library/{fox}/favourite", data={"csrf_token": csrf, **form}, headers=FROM_HERE | more
            )
            assert door.world.generations.jobs[fox].is_favourite is is_favourite
            if more is PART:
                assert f'aria-pressed="{str(is_favourite).lower()}"' in answer.text
                assert "data-generation" not in answer.text
            else:
                assert (answer.status_code, answer.headers["location"]) == (303, "/library?search=fox")
    for path in ("/library", f"/library/{fox}"):
        assert 'aria-pressed="false"' in (await door.http.get(path)).text


async def test_a_heart_is_its_owners(door: Door) -> None:
    """Not another's, and not without the form's token."""
    csrf = await entered(door)
    (fox,) = await made(door, "a fox")
    form = {"is_favourite": "on"}
    refused = await door.http.post(f"/library/{fox}/favourite", data=form, headers=FROM_HERE)
    assert refused.status_code == 403
    assert door.world.generations.jobs[fox].is_favourite is False
    door.http.cookies.clear()
    form |= {"csrf_token": csrf}
    signed_out = await door.http.post(f"/library/{fox}/favourite", data=form, headers=FROM_HERE)
    assert signed_out.headers["location"].startswith("/login")
    await door.http.post(
        "/signup", data={"email": "bob@example.com", "password": "correct horse battery"}, headers=FROM_HERE
    )
    form["csrf_token"] = csrf_of(door)
    stranger = await door.http.post(f"/library/{fox}/favourite", data=form, headers=FROM_HERE)
    assert stranger.status_code == 404
    assert door.world.generations.jobs[fox].is_favourite is False
    assert tiles(await door.http.get("/library?search=fox")) == []


async def test_a_deletion_can_be_taken_back(door: Door) -> None:
    """By its button, without a script; by nobody else, and an address that a stranger made has no button."""
    csrf = await entered(door)
    (fox,) = await made(door, "a fox")
    door.world.generations.finish(fox, GenerationStatus.SUCCEEDED)
    form = {"csrf_token": csrf}
    deleted = await door.http.post(f"/library/{fox}/delete", data=form, headers=FROM_HERE)
    page = await door.http.get(deleted.headers["location"])
    assert tiles(page) == []
    assert f'<form method="post" action="/library/{fox}/restore">' in page.text
    refused = await door.http.post(f"/library/{fox}/restore", data={}, headers=FROM_HERE)
    assert refused.status_code == 403
    assert tiles(await door.http.get("/library")) == []
    restored = await door.http.post(f"/library/{fox}/restore", data=form, headers=FROM_HERE)
    assert restored.headers["location"] == "/library?note=restored"
    assert tiles(await door.http.get("/library?note=restored")) == [fox]
    assert "/restore" not in (await door.http.get(f"/library?undo={fox}")).text
    assert (await door.http.get("/library?note=deleted&undo=evil")).status_code == 422
    assert (await door.http.get("/library?note=deleted")).text.count("/restore") == 0


def test_days_are_the_persons_own() -> None:
    """From the first midnight to the one after the last, by their clock; whichever day was put first."""
    query = LibraryQuery(first_day=date(2026, 3, 29), last_day=date(2026, 3, 28))
    wanted = query.wanted(ZoneInfo("Europe/Berlin"))
    # The clock goes forward on the 29th.
    assert wanted.created_from == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert wanted.created_before == datetime(2026, 3, 29, 22, tzinfo=UTC)
    only_from = LibraryQuery(first_day=date(2026, 3, 28)).wanted(UTC)
    assert (only_from.created_from, only_from.created_before) == (datetime(2026, 3, 28, tzinfo=UTC), None)


async def test_an_address_says_what_was_asked_for() -> None:
    """What is read from an address writes the same one."""
    query = await library_query(
        search=" red fox ",
        kind="video",
        model="local/motion",
        state=["failed", "done", "odd"],
        first_day="2026-01-02",
        last_day="",
        favourite="on",
    )
    assert query.states == (State.DONE, State.FAILED)
    assert query.wanted(UTC) == LibraryFilter(
        search="red fox",
        modality=Modality.VIDEO,
        model_id="local/motion",
        statuses=(GenerationStatus.SUCCEEDED, GenerationStatus.FAILED, GenerationStatus.REJECTED),
        created_from=datetime(2026, 1, 2, tzinfo=UTC),
        favourites_only=True,
    )
    assert query.address(shown=48) == (
        "/library?search=red+fox&kind=video&model=local%2Fmotion&state=done&state=failed"
        "&from=2026-01-02&favourite=on&shown=48"
    )
    assert (LibraryQuery().address(), LibraryQuery().is_any, query.is_any) == ("/library", True, False)
    assert await library_query(first_day="0001-01-01", last_day="9999-12-31") == LibraryQuery()
