"""Billing's half: every fact of the ledger that moves a balance is heard, once."""

from dataclasses import replace

import pytest
from billing.adapters.inbound.balances import SUBJECTS, BalanceFacts
from billing.adapters.inbound.events import SUBJECTS as IDENTITY_SUBJECTS
from billing.adapters.inbound.events import BillingEvents
from billing.application.start_free_plan import StartFreePlanHandler
from billing_support import billing_in_memory
from chassis.events import Refused
from golden import delivered
from top_up_world import Account

UNKNOWN_FIELD = bytes([0xC2, 0x3E, 0x03]) + b"new"
ALICE = "usr_alice"
MOVED = (
    "CreditsGranted",
    "CreditsReserved",
    "CreditsCharged",
    "CreditsRefunded",
    "CreditsExpired",
    "CreditsClawedBack",
    "CreditsAdjusted",
)


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
@pytest.mark.parametrize("name", MOVED)
async def test_a_balance_that_falls_begins_one_top_up(name: str, extra: bytes) -> None:
    """The golden message's 70 credits are less than 100: told twice, one pack is bought."""
    billing = billing_in_memory()
    account = Account(billing, user_id=ALICE)
    await account.keep_card()
    await account.want()
    event = delivered(f"tintype.ledger.v1.{name}", extra=extra)
    heard = BalanceFacts(billing.hear)
    for _ in range(2):
        await heard.handle(event)
        await billing.run_top_ups()
    stands = await account.standing()
    assert (stands.available, stands.sequence) == (70, 7)
    assert len(await account.bought()) == 1
    await billing.facts.pass_over()


async def test_who_asked_for_nothing_is_left_alone() -> None:
    """A fact of another account writes nothing."""
    billing = billing_in_memory()
    await BalanceFacts(billing.hear).handle(delivered("tintype.ledger.v1.CreditsReserved"))
    assert (await Account(billing, user_id=ALICE).view()).standing is None


async def test_what_moves_no_balance_is_refused() -> None:
    """Another fact, and another account's payload."""
    billing = billing_in_memory()
    heard = BalanceFacts(billing.hear)
    with pytest.raises(Refused):
        await heard.handle(delivered("tintype.ledger.v1.BalanceLow"))
    event = delivered("tintype.ledger.v1.CreditsReserved")
    with pytest.raises(Refused):
        await heard.handle(replace(event, subject=event.subject.replace(ALICE, "usr_bob")))


def test_what_is_asked_for_is_where_it_is_told() -> None:
    """One word of each subject is the account."""
    told = [delivered(f"tintype.ledger.v1.{name}").subject.rpartition(".")[0] for name in MOVED]
    assert sorted(SUBJECTS) == sorted(f"{subject}.*" for subject in told)


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
async def test_who_leaves_and_who_stays_is_heard(extra: bytes) -> None:
    """The golden messages, twice and the first one last: the account stays."""
    billing = billing_in_memory()
    heard = BillingEvents(
        StartFreePlanHandler(billing.units, billing.clock, billing.ids, None),
        billing.begin_erasure,
        billing.hear_departure,
    )
    leaves, stays = (
        delivered(f"tintype.identity.v1.{name}", extra=extra)
        for name in ("ErasureRequested", "ErasureTakenBack")
    )
    for facts, is_leaving in (((leaves, leaves), True), ((stays, stays, leaves), False)):
        for fact in facts:
            await heard.handle(fact)
        async with billing.units.of(ALICE) as work:
            known = await work.departure(ALICE)
        assert known is not None
        assert known.is_leaving is is_leaving
    for fact in (leaves, stays):
        assert f"{fact.subject.rpartition('.')[0]}.*" in IDENTITY_SUBJECTS
