"""Lots and reservations whose time is over: what the sweeps book, over every store."""

import pytest
from command_makers import charge, refund
from ledger.domain.entry import EntryKind
from ledger.domain.errors import InsufficientCredits
from ledger.domain.reservation import ReservationState
from ledger.ports.generation_settlements import Decision, Settlement
from ledger.ports.ledger_reader import EntryFilter
from support import LedgerUnderTest

ME = "usr_me"


async def test_what_returns_to_an_expired_lot_expires_at_once(any_ledger: LedgerUnderTest) -> None:
    """A lot that expired while it was held stays good for that reservation only."""
    await any_ledger.give(ME, 50, expires_in_s=600)
    first = await any_ledger.hold(ME, 20, "gen_1")
    second = await any_ledger.hold(ME, 20, "gen_2")
    any_ledger.clock.advance(seconds=601)
    with pytest.raises(InsufficientCredits):
        await any_ledger.hold(ME, 1, "gen_3")
    await any_ledger.apply(charge(first, 20, "gen_1"))
    await any_ledger.apply(refund(second, "gen_2"))
    assert await any_ledger.available(ME) == (0, 0)
    kinds = [entry.kind for entry in await any_ledger.reader.entries(ME, EntryFilter())]
    assert kinds[0] is EntryKind.EXPIRE
    reservation = await any_ledger.reader.reservation(reservation_id=first)
    assert reservation is not None
    assert (reservation.state, reservation.charged) == (ReservationState.CHARGED, 20)


async def test_the_sweep_books_what_expired(any_ledger: LedgerUnderTest) -> None:
    """Credits of an expired lot leave the balance, once."""
    await any_ledger.give(ME, 50, expires_in_s=600)
    await any_ledger.give(ME, 5)
    assert await any_ledger.expire_lots.handle() == 0
    any_ledger.clock.advance(seconds=600)
    assert await any_ledger.expire_lots.handle() == 1
    assert await any_ledger.expire_lots.handle() == 0
    assert await any_ledger.available(ME) == (5, 0)


async def test_an_overdue_reservation_is_settled_by_its_jobs_verdict(any_ledger: LedgerUnderTest) -> None:
    """Pending stays held, success is charged, failure and the unknown are given back."""
    await any_ledger.give(ME, 100)
    for reference in ("pending", "success", "failure", "unknown"):
        await any_ledger.hold(ME, 10, reference, ttl_s=60)
    verdicts = any_ledger.settlements.verdicts
    verdicts["pending"] = Settlement(decision=Decision.PENDING)
    verdicts["success"] = Settlement(decision=Decision.CHARGE, charge_credits=7)
    verdicts["failure"] = Settlement(decision=Decision.REFUND)
    assert (await any_ledger.expire_reservations.handle()).pending == 0
    any_ledger.clock.advance(seconds=61)
    swept = await any_ledger.expire_reservations.handle()
    assert (swept.charged, swept.refunded, swept.pending) == (1, 2, 1)
    assert await any_ledger.available(ME) == (83, 10)
    assert (await any_ledger.expire_reservations.handle()).pending == 0
    any_ledger.clock.advance(minutes=11)
    assert (await any_ledger.expire_reservations.handle()).pending == 1


async def test_without_an_answer_nothing_is_given_back(any_ledger: LedgerUnderTest) -> None:
    """When generation can't say, the credits stay held."""
    await any_ledger.give(ME, 100)
    await any_ledger.hold(ME, 10, "gen_1", ttl_s=60)
    any_ledger.clock.advance(seconds=61)
    any_ledger.settlements.answers = False
    swept = await any_ledger.expire_reservations.handle()
    assert (swept.refunded, len(swept.failures)) == (0, 1)
    assert await any_ledger.available(ME) == (90, 10)


async def test_one_that_fails_keeps_nobody_waiting(any_ledger: LedgerUnderTest) -> None:
    """A verdict that can't be booked leaves that reservation held, and the next one is settled."""
    await any_ledger.give(ME, 100)
    for reference in ("impossible", "failure"):
        await any_ledger.hold(ME, 10, reference, ttl_s=60)
        any_ledger.clock.advance(seconds=1)
    verdicts = any_ledger.settlements.verdicts
    verdicts["impossible"] = Settlement(decision=Decision.CHARGE, charge_credits=99)
    any_ledger.clock.advance(seconds=61)
    swept = await any_ledger.expire_reservations.handle()
    assert (swept.refunded, len(swept.failures)) == (1, 1)
    assert await any_ledger.available(ME) == (90, 10)
