"""`/admin`: people with a role find it; administrators correct and change, once they are asked why."""

import re

import pytest
from gateway.domain.credits import EntryKind
from gateway.domain.user import Role
from gateway_world import HTML, Door, hidden
from staff import enter, get, spend

PAGES = [
    "/admin", "/admin/users", "/admin/users/{user}", "/admin/audit", "/admin/mails", "/admin/dead-letters",
    "/admin/providers", "/admin/users/{user}/statement", "/admin/users/{user}/jobs",
    "/admin/users/{user}/purchases", "/admin/users/{user}/acts",
]  # fmt: skip
CHANGES = [
    ("GET", "/admin/users/{user}/credits?amount=5&reason=x", {}),
    ("POST", "/admin/users/{user}/credits", {"amount": "5", "reason": "x", "once": "1"}),
    ("GET", "/admin/users/{user}/change?disabled=true", {}),
    ("POST", "/admin/users/{user}/change", {"disabled": "true", "reason": "x"}),
    ("POST", "/admin/dead-letters/ledger/evt_1/replay", {"reason": "x"}),
]


async def test_the_room_is_not_shown(door: Door) -> None:
    """Neither its pages nor a way there; nothing changes, whatever is sent."""
    ada, csrf = await enter(door, Role.USER)
    before = door.state()
    for path in PAGES:
        page = await get(door, path.format(user=ada))
        assert (page.status_code, "There is nothing at this address" in page.text) == (404, True), path
    for method, path, form in CHANGES:
        answer = await door.http.request(
            method, path.format(user=ada), data=form | {"csrf_token": csrf}, headers=HTML
        )
        assert answer.status_code == 404, path
    assert "/admin" not in (await get(door, "/account")).text
    assert door.state() == before
    assert door.world.administration.kept == []


async def test_support_reads_and_changes_nothing(door: Door) -> None:
    """Every page opens; no form is shown, and what is sent all the same is refused."""
    ada, csrf = await enter(door, Role.SUPPORT)
    assert 'href="/admin"' in (await get(door, "/account")).text
    for path in PAGES:
        page = await get(door, path.format(user=ada))
        assert page.status_code == 200, path
        assert 'name="amount"' not in page.text
    before, looks = door.state(), len(door.world.administration.kept)
    for method, path, form in CHANGES:
        answer = await door.http.request(
            method, path.format(user=ada), data=form | {"csrf_token": csrf}, headers=HTML
        )
        assert answer.status_code == 403, path
    assert (door.state(), len(door.world.administration.kept)) == (before, looks)


async def test_the_overview_has_what_was_spent(door: Door) -> None:
    """By model in a chart with its table, by provider with what is left; and says when there is nothing."""
    await enter(door, Role.SUPPORT)
    nothing = await get(door, "/admin")
    for said in ("Nothing was spent in this time.", "No provider was asked for anything.", "ada@example.com"):
        assert said in nothing.text
    spend(door)
    page = await get(door, "/admin")
    table = page.text[page.text.index('id="admin-usage"') :]
    assert '<td class="num" data-value="5">5</td>' in table
    assert re.search(r"<td>local.*?\$0\.05", page.text, re.DOTALL)


async def test_people_are_found(door: Door) -> None:
    """By a part of the address; nobody is an answer too."""
    await enter(door, Role.SUPPORT)
    page = await get(door, "/admin/users?query=ADA")
    assert "ada@example.com" in page.text
    assert "support@example.org</a>" not in page.text
    assert "Nothing fits." in (await get(door, "/admin/users?query=nobody%00")).text


async def test_credits_are_corrected_after_a_look(door: Door) -> None:
    """What it comes to is shown first; a form that is sent twice corrects once; the person reads why."""
    ada, csrf = await enter(door, Role.ADMIN)
    preview = await get(door, f"/admin/users/{ada}/credits?amount=-30&reason=sent+twice")
    assert re.search(r"100</dd>.*[-−]30</dd>.*<strong>70</strong>", preview.text, re.DOTALL)
    assert len(door.world.ledger.journal[ada]) == 1
    form = {name: hidden(preview, name) for name in ("amount", "reason", "once")} | {"csrf_token": csrf}
    for _ in range(2):
        sent = await door.http.post(f"/admin/users/{ada}/credits", data=form, headers=HTML)
        assert sent.headers["location"] == f"/admin/users/{ada}?note=corrected"
    (_, entry) = door.world.ledger.journal[ada]
    assert (entry.kind, entry.amount, entry.reason) == (EntryKind.ADJUST, -30, "sent twice")
    assert "sent twice" in (await get(door, sent.headers["location"])).text


async def test_a_look_before_a_correction_is_a_look(door: Door) -> None:
    """It shows a balance, so it is recorded as looks are, and nothing is corrected; of an erased person
    there is nothing to see."""
    ada, csrf = await enter(door, Role.ADMIN)
    assert (await get(door, f"/admin/users/{ada}/credits?amount=5&reason=x")).status_code == 200
    assert [record.action for record in door.world.administration.kept] == ["person.read"]
    del door.world.identity.users[ada]
    before = door.state()
    assert (await get(door, f"/admin/users/{ada}/credits?amount=5&reason=x")).status_code == 404
    form = {"amount": "5", "reason": "x", "once": "1", "csrf_token": csrf}
    sent = await door.http.post(f"/admin/users/{ada}/credits", data=form, headers=HTML)
    assert sent.status_code == 404
    assert door.state() == before
    assert len(door.world.administration.kept) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("amount", "reason", "said"),
    [
        ("", "x", "Write a whole number of credits"),
        ("0", "x", "Write a whole number of credits"),
        ("1.5", "x", "Write a whole number of credits"),
        ("9999999999", "x", "Write a whole number of credits"),
        ("5", " ", "Say why"),
        ("5", "x" * 501, "That is too long"),
        ("-101", "x", "That is more than there is to take"),
    ],
)
async def test_what_can_not_be_corrected_is_said(door: Door, amount: str, reason: str, said: str) -> None:
    """Beside its field, before anything happens."""
    ada, _ = await enter(door, Role.ADMIN)
    query = {"amount": amount, "reason": reason}
    page = await door.http.get(f"/admin/users/{ada}/credits", params=query, headers=HTML)
    assert said in page.text
    assert 'name="once"' not in page.text
    assert len(door.world.ledger.journal[ada]) == 1


async def test_an_account_changes_after_a_question(door: Door) -> None:
    """Closed, with a reason, and made support; both are in the list, and as a file."""
    ada, csrf = await enter(door, Role.ADMIN)
    asked = await get(door, f"/admin/users/{ada}/change?disabled=true")
    assert "Jobs that run still finish" in asked.text
    assert door.world.administration.kept == []
    path = f"/admin/users/{ada}/change"
    for form in ({"disabled": "true", "reason": "spams"}, {"role": "support", "reason": "helps"}):
        sent = await door.http.post(path, data=form | {"csrf_token": csrf}, headers=HTML)
        assert sent.headers["location"] == f"/admin/users/{ada}?note=changed"
    page = await get(door, f"/admin/audit?user={ada}")
    for said in ("spams", "account closed", "role changed"):
        assert said in page.text
    file = re.search(r'href="(/v1/admin/audit\?[^"]*)"', page.text)
    assert file
    assert "spams" in (await door.http.get(file[1].replace("&amp;", "&"))).text
    (_, admin) = door.world.identity.users
    own = await door.http.post(
        f"/admin/users/{admin}/change", data={"role": "user", "csrf_token": csrf}, headers=HTML
    )
    assert own.status_code == 409
    assert "last administrator" in own.text


async def test_nothing_yet(door: Door) -> None:
    """Each list says what will be there."""
    await enter(door, Role.ADMIN)
    assert "Nothing was done yet" in (await get(door, "/admin/audit")).text
    assert "No mail yet" in (await get(door, "/admin/mails")).text
    assert "Nothing fits." in (await get(door, "/admin/audit?action=user.disabled")).text
