"""How commands end: what they make and write down, what is told again, and which trace is kept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from command_makers import adjust, charge, claw_back, grant, reserve
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.application.command import Outcome
from ledger.application.command_writer import CommandWriter
from ledger.application.expire_lots import ExpireLots
from ledger.application.refund_reservation import RefundReservation
from ledger.domain.balance import Balance
from ledger.domain.entry import Entry, EntryKind, Movement
from ledger.domain.errors import InsufficientCredits, InvalidField, ReservationNotFound
from ledger.domain.lot import Category
from ledger.ports.ledger_reader import EntryFilter
from support import START, CountingIds, HandClock, LedgerUnderTest

ME = "usr_me"
GRANTED, RESERVED = "CreditsGranted", "CreditsReserved"


class Carrying:
    """A request with headers, that hears when what it asked was committed."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.current = headers
        self.told: list[tuple[Mapping[str, str], int]] = []

    def headers(self) -> Mapping[str, str]:
        """Return its own."""
        return self.current

    def committed(self, headers: Mapping[str, str], *, commands: int, duration_s: float) -> None:
        """Keep it."""
        assert 0 <= duration_s < 60
        self.told.append((headers, commands))


async def test_a_journals_line_says_everything_about_its_command(ledger: LedgerUnderTest) -> None:
    """Who asked for what and why, under which request; ids begin with what they are of."""
    bought = replace(
        grant(ME, 100, Category.PAID, payment_id="pi_1", request_id="req_1"),
        actor="ana",
        reason="a purchase",
        metadata={"pack": "s"},
    )
    granted = await ledger.apply(bought)
    assert await ledger.reader.entries(ME, EntryFilter()) == [
        Entry(
            entry_id="ent_00000003",
            transaction_id="txn_00000001",
            account_id=ME,
            sequence=1,
            kind=EntryKind.GRANT,
            category=Category.PAID,
            movement=Movement(available=100, world=-100),
            balance_after=100,
            held_after=0,
            request_id="req_1",
            grant_id="grt_00000002",
            reservation_id=None,
            reference=None,
            payment_id="pi_1",
            actor="ana",
            reason="a purchase",
            created_at=START,
            metadata={"pack": "s"},
        )
    ]
    balance = Balance(ME, available=100, by_category={Category.PAID: 100}, sequence=1)
    assert granted == Outcome("grt_00000002", balance, None, 0, False, None)
    assert await ledger.apply(bought) == Outcome("grt_00000002", balance, None, 0, True, None)
    await ledger.facts.expect(GRANTED)


async def test_a_clawback_is_told_again_as_it_was(ledger: LedgerUnderTest) -> None:
    """What is taken in all, now: as a replay it takes nothing more."""
    await ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    command = claw_back(ME, "pi_1", "refund", 30, request_id="req_1")
    for is_replay in (False, True):
        outcome = await ledger.apply(command)
        assert (outcome.made_id, outcome.taken, outcome.replayed) == ("pi_1", 30, is_replay)
        assert outcome.balance.available == 70
    await ledger.facts.expect(GRANTED, "CreditsClawedBack")


async def test_a_refund_leaves_what_was_charged(ledger: LedgerUnderTest) -> None:
    """Only who asks for it gets that back too."""
    await ledger.give(ME, 100)
    held = await ledger.hold(ME, 40, "gen_1")
    await ledger.apply(charge(held, 30, "gen_1"))
    refunded = await ledger.apply(RefundReservation(request_id="req_1", reservation_id=held))
    assert refunded.reservation is not None
    assert (refunded.reservation.charged, refunded.balance.available) == (30, 70)
    await ledger.facts.expect(GRANTED, RESERVED, "CreditsCharged")


async def test_a_kept_refusal_is_told_again_whatever_changed(ledger: LedgerUnderTest) -> None:
    """In the same words and details, though there are credits now; it says that it is a replay."""
    await ledger.give(ME, 50)
    command = reserve(ME, 60, "gen_1")
    [first] = await ledger.writer.apply_batch([command])
    await ledger.give(ME, 50)
    [second] = await ledger.writer.apply_batch([command])
    for outcome, available, is_replay in ((first, 50, False), (second, 100, True)):
        assert isinstance(outcome.refusal, InsufficientCredits)
        assert str(outcome.refusal) == "60 credits are needed and 50 are available"
        assert outcome.refusal.details == {"available": "50", "required": "60"}
        assert (outcome.made_id, outcome.balance.available) == (None, available)
        assert outcome.replayed is is_replay
    await ledger.facts.expect(GRANTED, GRANTED)


async def test_what_is_refused_in_a_batch_tells_of_no_balance(ledger: LedgerUnderTest) -> None:
    """It made nothing, is no replay, and says why."""
    unknown, bad = await ledger.writer.apply_batch([charge("res_none", 1), adjust(ME, 0)])
    assert isinstance(unknown.refusal, ReservationNotFound)
    assert isinstance(bad.refusal, InvalidField)
    for outcome in (unknown, bad):
        assert outcome == Outcome(None, Balance(""), None, 0, False, outcome.refusal)


async def test_a_lots_priority_is_the_grants(ledger: LedgerUnderTest) -> None:
    """A smaller number goes first, before what expires sooner; it is 100 where nothing is said."""
    await ledger.apply(grant(ME, 10, expires_at=START + timedelta(days=1)))
    for priority in (0, 99, 100, 101):
        await ledger.apply(grant(ME, 10, priority=priority))
    held = await ledger.hold(ME, 50, "gen_1")
    lots = await ledger.list_reservation_lots(ME, held)
    store = ledger.units
    assert isinstance(store, MemoryLedger)
    assert [store.lots[lot.grant_id].priority for lot in lots] == [0, 99, 100, 100, 101]
    assert store.lots[lots[2].grant_id].expires_at is not None
    await ledger.facts.expect(*[GRANTED] * 5, RESERVED)


async def test_an_outcome_of_expiry_is_its_accounts(ledger: LedgerUnderTest) -> None:
    """Nothing is made that has an id of its own."""
    await ledger.give(ME, 10, expires_in_s=60)
    ledger.clock.advance(seconds=60)
    expired = await ledger.apply(ExpireLots(account_id=ME, reason="lot expired"))
    assert (expired.made_id, expired.balance.available, expired.refusal) == (ME, 0, None)
    await ledger.facts.expect(GRANTED, "CreditsExpired")


async def test_a_preview_decides_as_a_reservation_would(ledger: LedgerUnderTest) -> None:
    """What would be held is shown, what would be refused is refused, and no trace of it is left."""
    await ledger.give(ME, 40, Category.PAID, payment_id="pi_1")
    previewed = await ledger.preview(reserve(ME, 30, "gen_1"))
    assert previewed.reservation is not None
    assert (previewed.reservation.reserved, previewed.reservation.reference) == (30, "gen_1")
    assert (previewed.balance.available, previewed.balance.held) == (10, 30)
    assert (previewed.replayed, previewed.refusal) == (False, None)
    for field, value in (("amount", 0), ("ttl_s", 59), ("reference", ""), ("request_id", "")):
        with pytest.raises(InvalidField) as bad:
            await ledger.preview(replace(reserve(ME, 30, "gen_1"), **{field: value}))  # type: ignore[arg-type]
        assert bad.value.field == field
    with pytest.raises(InsufficientCredits):
        await ledger.preview(reserve(ME, 41, "gen_1"))
    assert await ledger.available(ME) == (40, 0)
    await ledger.facts.expect(GRANTED)


TRACE_A, TRACE_B = {"traceparent": "00-a"}, {"traceparent": "00-b"}


def headers_told(store: MemoryLedger) -> list[tuple[str, Mapping[str, str]]]:
    """Every fact with what it takes along."""
    return [(type(fact).__name__, dict(fact.headers)) for fact in store.facts]


async def test_facts_take_their_requests_trace_along() -> None:
    """Each its own, a low balance too; who asked hears of the commit once."""
    store = MemoryLedger()
    context = Carrying(TRACE_A)
    writer = CommandWriter(store, HandClock(), CountingIds(), low_balance=50, context=context)
    await writer.apply(grant(ME, 100))
    context.current = TRACE_B
    await writer.apply_batch([reserve(ME, 20, "gen_1"), reserve(ME, 40, "gen_2")])
    assert headers_told(store) == [
        (GRANTED, TRACE_A),
        (RESERVED, TRACE_B),
        (RESERVED, TRACE_B),
        ("BalanceLow", TRACE_B),
    ]
    assert context.told == [(TRACE_A, 1), (TRACE_B, 2)]


async def test_commands_of_several_requests_keep_their_own_traces() -> None:
    """In one batch, behind a command that is refused, and on one account; one has none."""
    store, context = MemoryLedger(), Carrying(TRACE_A)
    writer = CommandWriter(store, HandClock(), CountingIds(), context=context)
    outcomes = await writer.apply_batch(
        [grant(ME, 0), grant(ME, 10), grant(ME, 20), grant("usr_b", 30), grant("usr_c", 40)],
        headers=[{"traceparent": "00-refused"}, TRACE_A, TRACE_B, {}, TRACE_B],
    )
    assert [outcome.refusal is None for outcome in outcomes] == [False, True, True, True, True]
    told = {(fact.account_id, fact.amount): dict(fact.headers) for fact in store.facts}  # type: ignore[attr-defined]
    assert told == {(ME, 10): TRACE_A, (ME, 20): TRACE_B, ("usr_b", 30): {}, ("usr_c", 40): TRACE_B}
    assert context.told == [(TRACE_A, 4), (TRACE_B, 4)]


async def test_without_a_trace_nothing_is_carried() -> None:
    """And nobody is told."""
    store, context = MemoryLedger(), Carrying({})
    await CommandWriter(store, HandClock(), CountingIds(), context=context).apply(grant(ME, 10))
    assert (headers_told(store), context.told) == ([(GRANTED, {})], [])
