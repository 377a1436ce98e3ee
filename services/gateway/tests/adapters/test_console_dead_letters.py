"""`/admin/dead-letters`: found, looked at, applied again after a question; and what is missing is said."""

import re
from datetime import UTC, datetime, timedelta

from gateway.domain.identifiers import DeadLetterId
from gateway.domain.user import Role
from gateway_world import HTML, Door
from staff import enter, get

THEN = datetime(2030, 1, 1, tzinfo=UTC)
ONE = "/admin/dead-letters/ledger/evt_1"


async def test_there_is_nothing_and_some_of_it_may_be_missing(door: Door) -> None:
    """Nothing is not said while somebody has not answered."""
    await enter(door, Role.SUPPORT)
    assert "Nothing was given up" in (await get(door, "/admin/dead-letters")).text
    door.world.dead_letters["billing"].away = True
    page = await get(door, "/admin/dead-letters")
    assert "Not everybody answered" in page.text
    assert "Nothing was given up" not in page.text
    assert "Nothing fits." in (await get(door, "/admin/dead-letters?service=ledger")).text


async def test_support_looks_and_an_administrator_applies_it(door: Door) -> None:
    """Its page has its ids and why it failed; the form is an administrator's."""
    ada, _ = await enter(door, Role.SUPPORT)
    door.world.dead_letters["ledger"].give_up("evt_1", account_id=ada, given_up_at=THEN)
    listed = await get(door, "/admin/dead-letters")
    assert f'href="{ONE}"' in listed.text
    assert "PaymentCompleted" in listed.text
    page = await get(door, ONE)
    for said in ("pi_1", "no such account", f"/admin/users/{ada}"):
        assert said in page.text
    assert "Apply it again" not in page.text
    assert re.search(r'href="/admin/dead-letters">Back</a>', page.text)
    assert (await get(door, "/admin/dead-letters/ledger/evt_x")).status_code == 404
    assert (await get(door, "/admin/dead-letters/oracle/evt_1")).status_code == 404


async def test_one_is_applied_again_after_a_question(door: Door) -> None:
    """Where it fails again its page says so and why; applied, it is off the list and recorded."""
    ada, csrf = await enter(door, Role.ADMIN)
    ledger = door.world.dead_letters["ledger"]
    ledger.give_up("evt_1", account_id=ada, given_up_at=THEN)
    ledger.broken[DeadLetterId("evt_1")] = "KeyError('still nothing')"
    assert "Apply it again" in (await get(door, ONE)).text
    form = {"reason": "the account is there", "csrf_token": csrf}
    failed = await door.http.post(f"{ONE}/replay", data=form, headers=HTML)
    assert failed.headers["location"] == f"{ONE}?note=failed-again"
    assert "still nothing" in (await get(door, failed.headers["location"])).text
    ledger.broken.clear()
    applied = await door.http.post(f"{ONE}/replay", data=form, headers=HTML)
    assert applied.headers["location"] == "/admin/dead-letters?note=replayed"
    assert "Nothing was given up" in (await get(door, "/admin/dead-letters")).text
    done = await get(door, ONE)
    assert "It was applied after all." in done.text
    assert 'href="/admin/dead-letters">Back</a>' in done.text
    assert [record.after["outcome"] for record in door.world.administration.kept] == ["failed", "applied"]
    assert "the account is there" in (await get(door, "/admin/audit?action=dead_letter.replayed")).text


async def test_a_reason_that_is_too_long_is_said(door: Door) -> None:
    """Beside its field, and nothing happens."""
    ada, csrf = await enter(door, Role.ADMIN)
    door.world.dead_letters["ledger"].give_up("evt_1", account_id=ada, given_up_at=THEN)
    form = {"reason": "x" * 501, "csrf_token": csrf}
    page = await door.http.post(f"{ONE}/replay", data=form, headers=HTML)
    assert "That is too long" in page.text
    assert door.world.administration.kept == []


async def test_more_than_a_page_goes_on(door: Door) -> None:
    """By the place of the last one."""
    ada, _ = await enter(door, Role.SUPPORT)
    for number in range(51):
        letters = door.world.dead_letters[("ledger", "billing")[number % 2]]
        letters.give_up(f"evt_{number}", account_id=ada, given_up_at=THEN + timedelta(seconds=number))
    first = await get(door, "/admin/dead-letters")
    assert (first.text.count("PaymentCompleted"), "Older" in first.text) == (50, True)
