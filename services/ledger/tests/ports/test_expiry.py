"""Lots and reservations whose time is over: what the sweeps book, over every store."""

import asyncio
from itertools import pairwise

import pytest
from command_makers import charge, refund
from ledger.adapters.outbound.memory import MemoryGenerationSettlements
from ledger.application import expire_lots
from ledger.application.expire_lots import Expired
from ledger.application.expire_reservations import ASKING_MAX, BATCH_MAX, ExpireReservationsHandler
from ledger.domain import expiry
from ledger.domain.account import Account
from ledger.domain.entry import EntryKind
from ledger.domain.errors import InsufficientCredits
from ledger.domain.occasion import Occasion
from ledger.domain.reservation import ReservationState
from ledger.ports.generation_settlements import Decision, Settlement
from ledger.ports.ledger_reader import EntryFilter
from support import LedgerUnderTest

ME = "usr_me"


class SlowSettlements(MemoryGenerationSettlements):
    """Answers once every caller that can ask has asked; counts how many asked at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    async def ask(self, reference: str) -> Settlement:
        """Let the others ask before it answers."""
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(10):
            await asyncio.sleep(0)
        self.now -= 1
        return await super().ask(reference)


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
    for seconds, accounts in ((0, 0), (600, 1), (0, 0)):
        any_ledger.clock.advance(seconds=seconds)
        assert await any_ledger.expire_lots() == Expired(accounts=accounts)
    assert await any_ledger.available(ME) == (5, 0)


async def test_accounts_that_cannot_be_booked_keep_no_others_waiting(
    any_ledger: LedgerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole batch of them, and the sweep goes on behind it; each is named, and tried again."""
    monkeypatch.setattr(expire_lots, "BATCH_MAX", 3)
    for number in range(4):
        await any_ledger.give(f"usr_bad_{number}", 10, expires_in_s=60)
    await any_ledger.give("usr_good", 10, expires_in_s=60)
    any_ledger.clock.advance(seconds=60)
    expire = expiry.expire_lots

    def broken(account: Account, occasion: Occasion) -> int:
        if account.account_id.startswith("usr_bad"):
            raise RuntimeError("a bug")
        return expire(account, occasion)

    monkeypatch.setattr(expiry, "expire_lots", broken)
    swept = await any_ledger.expire_lots()
    assert (swept.accounts, len(swept.failures)) == (5, 4)
    monkeypatch.undo()
    assert await any_ledger.expire_lots() == Expired(accounts=4)


async def test_an_overdue_reservation_is_settled_by_its_jobs_verdict(any_ledger: LedgerUnderTest) -> None:
    """Pending stays held, success is charged, failure and the unknown are given back."""
    await any_ledger.give(ME, 100)
    for reference in ("pending", "success", "failure", "unknown"):
        await any_ledger.hold(ME, 10, reference, ttl_s=60)
    verdicts = any_ledger.settlements.verdicts
    verdicts["pending"] = Settlement(decision=Decision.PENDING)
    verdicts["success"] = Settlement(decision=Decision.CHARGE, charge_credits=7)
    verdicts["failure"] = Settlement(decision=Decision.REFUND)
    assert (await any_ledger.expire_reservations()).pending == 0
    any_ledger.clock.advance(seconds=61)
    swept = await any_ledger.expire_reservations()
    assert (swept.charged, swept.refunded, swept.pending) == (1, 2, 1)
    assert await any_ledger.available(ME) == (83, 10)
    assert (await any_ledger.expire_reservations()).pending == 0
    any_ledger.clock.advance(minutes=11)
    assert (await any_ledger.expire_reservations()).pending == 1


async def test_without_an_answer_nothing_is_given_back(any_ledger: LedgerUnderTest) -> None:
    """When generation can't say, the credits stay held."""
    await any_ledger.give(ME, 100)
    await any_ledger.hold(ME, 10, "gen_1", ttl_s=60)
    any_ledger.clock.advance(seconds=61)
    any_ledger.settlements.answers = False
    swept = await any_ledger.expire_reservations()
    assert (swept.refunded, len(swept.failures)) == (0, 1)
    assert await any_ledger.available(ME) == (90, 10)


async def test_a_hundred_that_cannot_be_asked_about_keep_nobody_waiting(any_ledger: LedgerUnderTest) -> None:
    """The healthy one behind them is settled by the same sweep, in one batch with those of its page."""
    await any_ledger.give(ME, 1_000)
    for number in range(2 * BATCH_MAX):
        await any_ledger.hold(ME, 1, f"silent_{number}", ttl_s=60)
        any_ledger.settlements.silent.add(f"silent_{number}")
    any_ledger.clock.advance(seconds=1)
    healthy = await any_ledger.hold(ME, 10, "healthy", ttl_s=60)
    any_ledger.settlements.verdicts["healthy"] = Settlement(decision=Decision.CHARGE, charge_credits=7)
    any_ledger.clock.advance(seconds=61)
    swept = await any_ledger.expire_reservations()
    assert (swept.charged, len(swept.failures)) == (1, 2 * BATCH_MAX)
    settled = await any_ledger.reader.reservation(reservation_id=healthy)
    assert settled is not None
    assert settled.state is ReservationState.CHARGED
    assert await any_ledger.available(ME) == (1_000 - 2 * BATCH_MAX - 7, 2 * BATCH_MAX)


async def test_what_cannot_be_asked_about_is_asked_less_often_the_older_it_is(
    any_ledger: LedgerUnderTest,
) -> None:
    """It stays held, leaves no request behind, and is settled once there is an answer."""
    await any_ledger.give(ME, 100)
    await any_ledger.hold(ME, 10, "gen_1", ttl_s=60)
    any_ledger.settlements.answers = False
    asked_at = []
    for _ in range(24 * 60):
        any_ledger.clock.advance(minutes=1)
        before = len(any_ledger.settlements.asked)
        await any_ledger.expire_reservations()
        if len(any_ledger.settlements.asked) > before:
            asked_at.append(any_ledger.clock.now())
    pauses_s = [(later - earlier).total_seconds() for earlier, later in pairwise(asked_at)]
    assert pauses_s == sorted(pauses_s)
    assert (pauses_s[0], pauses_s[-1]) == (120, 3_660)
    assert len(asked_at) < 50
    assert await any_ledger.available(ME) == (90, 10)
    any_ledger.settlements.answers = True
    any_ledger.clock.advance(hours=1, minutes=1)
    assert (await any_ledger.expire_reservations()).refunded == 1
    assert await any_ledger.available(ME) == (100, 0)


async def test_jobs_are_asked_about_side_by_side(memory_ledger: LedgerUnderTest) -> None:
    """Ten at a time: one that takes long delays the others by its own time, not by the sum."""
    await memory_ledger.give(ME, 1_000)
    for number in range(3 * ASKING_MAX):
        await memory_ledger.hold(ME, 1, f"gen_{number}", ttl_s=60)
    memory_ledger.clock.advance(seconds=61)
    slow = SlowSettlements()
    handler = ExpireReservationsHandler(memory_ledger.writer, memory_ledger.reader, slow, memory_ledger.clock)
    assert (await handler()).refunded == 3 * ASKING_MAX
    assert slow.most == ASKING_MAX == 10


async def test_one_that_fails_keeps_nobody_waiting(any_ledger: LedgerUnderTest) -> None:
    """A verdict that can't be booked leaves that reservation held, and the next one is settled."""
    await any_ledger.give(ME, 100)
    for reference in ("impossible", "failure"):
        await any_ledger.hold(ME, 10, reference, ttl_s=60)
        any_ledger.clock.advance(seconds=1)
    verdicts = any_ledger.settlements.verdicts
    verdicts["impossible"] = Settlement(decision=Decision.CHARGE, charge_credits=99)
    any_ledger.clock.advance(seconds=61)
    swept = await any_ledger.expire_reservations()
    assert (swept.refunded, len(swept.failures)) == (1, 1)
    assert await any_ledger.available(ME) == (90, 10)
