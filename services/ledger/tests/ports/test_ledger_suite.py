"""What the ledger promises, over every store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from command_makers import charge, grant, refund, reserve
from ledger.domain.entry import EntryKind
from ledger.domain.errors import (
    ChargeTooLarge,
    IdempotencyKeyReused,
    InvalidField,
    ReservationNotFound,
)
from ledger.domain.lot import Category
from ledger.ports.ledger_reader import EntryFilter
from support import START, LedgerUnderTest

ME, SOMEONE = "usr_me", "usr_someone"


async def test_an_unused_account_has_zeroes(any_ledger: LedgerUnderTest) -> None:
    """A balance can be asked for before anything happened."""
    assert await any_ledger.available("usr_new") == (0, 0)


async def test_a_grant_counts_once_per_request(any_ledger: LedgerUnderTest) -> None:
    """The same payment told three times is one grant."""
    for _ in range(3):
        await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    balance = await any_ledger.reader.balance(ME, any_ledger.clock.now())
    assert (balance.available, balance.by_category, balance.sequence) == (100, {Category.PAID: 100}, 1)
    assert [grant.payment_id async for grant in any_ledger.reader.payment_grants()] == ["pi_1"]


async def test_the_same_id_for_another_command_is_refused(any_ledger: LedgerUnderTest) -> None:
    """A request id belongs to one command, whatever the account, and nothing changes."""
    await any_ledger.give(ME, 100, payment_id="pi_1")
    for account_id, amount in ((ME, 101), (SOMEONE, 100)):
        with pytest.raises(IdempotencyKeyReused):
            await any_ledger.give(account_id, amount, payment_id="pi_1")
    assert await any_ledger.available(ME) == (100, 0)
    assert await any_ledger.available(SOMEONE) == (0, 0)


async def test_an_event_is_applied_once(any_ledger: LedgerUnderTest) -> None:
    """A redelivered event does nothing, and says so."""
    command = grant(ME, 10, request_id="welcome:usr_me")
    assert await any_ledger.writer.apply(command, event_id="evt_1") is not None
    assert await any_ledger.writer.apply(command, event_id="evt_1") is None
    again = await any_ledger.writer.apply(command, event_id="evt_2")
    assert again is not None
    assert again.replayed
    assert await any_ledger.available(ME) == (10, 0)


async def test_spending_order_and_pinned_lines(any_ledger: LedgerUnderTest) -> None:
    """What expires first is spent first, paid credits last; the charge follows the pinned lines."""
    paid = await any_ledger.give(ME, 100, Category.PAID)
    welcome = await any_ledger.give(ME, 30)
    soon = await any_ledger.give(ME, 20, Category.SUBSCRIPTION, expires_in_s=7200)
    reservation_id = await any_ledger.hold(ME, 60, "gen_1")
    lots = await any_ledger.reader.pinned_lots(ME, reservation_id)
    assert lots is not None
    assert [(lot.grant_id, lot.amount) for lot in lots] == [(soon, 20), (welcome, 30), (paid, 10)]
    await any_ledger.apply(charge(reservation_id, 25, "gen_1"))
    balance = await any_ledger.reader.balance(ME, any_ledger.clock.now())
    assert balance.by_category == {Category.PROMOTIONAL: 25, Category.PAID: 100}


async def test_a_charge_may_not_exceed_the_reservation(any_ledger: LedgerUnderTest) -> None:
    """Too large a charge changes nothing, and the reservation can still be settled."""
    await any_ledger.give(ME, 50)
    reservation_id = await any_ledger.hold(ME, 20, "gen_1")
    with pytest.raises(ChargeTooLarge):
        await any_ledger.apply(charge(reservation_id, 21, "gen_1"))
    assert await any_ledger.available(ME) == (30, 20)
    await any_ledger.apply(charge(reservation_id, 20, "gen_1"))
    assert await any_ledger.available(ME) == (30, 0)


async def test_a_reservation_of_another_account_is_not_found(any_ledger: LedgerUnderTest) -> None:
    """An event about somebody else's reservation settles nothing."""
    await any_ledger.give(ME, 50)
    reservation_id = await any_ledger.hold(ME, 20, "gen_1")
    with pytest.raises(ReservationNotFound):
        await any_ledger.apply(replace(charge(reservation_id, 20, "gen_1"), expected_account_id=SOMEONE))
    assert await any_ledger.available(ME) == (30, 20)
    assert await any_ledger.reader.pinned_lots(SOMEONE, reservation_id) is None


async def test_a_race_of_charge_and_refund_settles_once(any_ledger: LedgerUnderTest) -> None:
    """Whichever comes first counts; the balance is that of one settlement."""
    await any_ledger.give(ME, 100)
    for number in range(5):
        reference = f"gen_{number}"
        reservation_id = await any_ledger.hold(ME, 10, reference)
        await asyncio.gather(
            any_ledger.writer.apply(charge(reservation_id, 10, reference), event_id=f"c{number}"),
            any_ledger.writer.apply(refund(reservation_id, reference), event_id=f"r{number}"),
            any_ledger.writer.apply(charge(reservation_id, 10, reference), event_id=f"d{number}"),
        )
    charged = [one.charged async for one in any_ledger.reader.settled_reservations() if one.charged]
    assert await any_ledger.available(ME) == (100 - 10 * len(charged), 0)


async def test_statement_pages_and_filters(any_ledger: LedgerUnderTest) -> None:
    """Pages meet without gap or overlap; kinds and times narrow."""
    for number in range(7):
        await any_ledger.give(ME, number + 1)
        any_ledger.clock.advance(hours=1)
    await any_ledger.hold(ME, 3, "gen_1")
    seen, before = [], None
    while True:
        page = await any_ledger.list_entries(ME, EntryFilter(limit=3, before_sequence=before))
        seen += [entry.sequence for entry in page.entries]
        before = page.next_before
        if before is None:
            break
    assert seen == [8, 7, 6, 5, 4, 3, 2, 1]
    held = await any_ledger.list_entries(ME, EntryFilter(kinds=[EntryKind.RESERVE]))
    assert [entry.movement.available for entry in held.entries] == [-3]
    window = EntryFilter(since=START + timedelta(hours=1), until=START + timedelta(hours=3))
    assert [entry.sequence for entry in (await any_ledger.list_entries(ME, window)).entries] == [3, 2]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("field", "command"),
    [
        ("amount", reserve(ME, 0, "gen_1")),
        ("amount", reserve(ME, -5, "gen_1")),
        ("amount", reserve(ME, 10**12, "gen_1")),
        ("ttl_s", reserve(ME, 1, "gen_1", ttl_s=59)),
        ("account_id", reserve("", 1, "gen_1")),
        ("reference", reserve(ME, 1, "")),
        ("request_id", reserve(ME, 1, "x" * 300)),
    ],
)
async def test_bad_fields_are_named_and_change_nothing(
    memory_ledger: LedgerUnderTest, field: str, command: object
) -> None:
    """The error says which field is wrong."""
    await memory_ledger.give(ME, 10)
    with pytest.raises(InvalidField) as refused:
        await memory_ledger.apply(command)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert await memory_ledger.available(ME) == (10, 0)


async def test_open_reservations_are_counted(any_ledger: LedgerUnderTest) -> None:
    """What is settled counts no more."""
    await any_ledger.give(ME, 50)
    assert await any_ledger.reader.open_reservations() == 0
    first = await any_ledger.hold(ME, 20, "gen_1")
    await any_ledger.hold(ME, 20, "gen_2")
    assert await any_ledger.reader.open_reservations() == 2
    await any_ledger.apply(charge(first, 20, "gen_1"))
    assert await any_ledger.reader.open_reservations() == 1
