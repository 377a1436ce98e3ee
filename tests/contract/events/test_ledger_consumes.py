"""The ledger's half: each golden message has its effect, once, whatever is added to it later."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from chassis.events import IncomingEvent
from contract_support import ledger_in_memory
from examples import NOW
from golden import delivered
from ledger.adapters.inbound.events import SUBJECTS, LedgerEvents
from ledger.domain.reservation import Reservation
from support import LedgerUnderTest
from tintype.billing.v1 import events_pb2 as billing
from tintype.identity.v1 import events_pb2 as identity

# Field 1000, a string: nobody knows it yet.
UNKNOWN_FIELD = bytes([0xC2, 0x3E, 0x03]) + b"new"
ALICE = "usr_alice"

EFFECTS = {
    "tintype.identity.v1.UserRegistered": (1100, 30),
    "tintype.identity.v1.EmailVerified": (1100, 30),
    # The journal stays, under an id that names nobody any more.
    "tintype.identity.v1.UserDeleted": (100, 30),
    "tintype.billing.v1.PaymentCompleted": (1100, 30),
    # Of a payment whose credits have not arrived: kept until they do.
    "tintype.billing.v1.PaymentRefunded": (100, 30),
    "tintype.billing.v1.PaymentDisputed": (100, 30),
    "tintype.billing.v1.SubscriptionRenewed": (600, 30),
    "tintype.billing.v1.AllocationRaised": (1100, 30),
    "tintype.billing.v1.PromotionRedeemed": (300, 30),
    "tintype.generation.v1.GenerationSucceeded": (110, 0),
    "tintype.generation.v1.GenerationFailed": (130, 0),
    "tintype.generation.v1.GenerationCancelled": (130, 0),
}


async def ledger_with_a_held_job() -> tuple[LedgerUnderTest, LedgerEvents]:
    """Alice has 100 credits and 30 more held for gen_1, as the golden messages tell."""
    ledger = ledger_in_memory()
    ledger.clock.time = NOW
    await ledger.give(ALICE, 130)
    reservation_id = await ledger.hold(ALICE, 30, "gen_1")
    rename(ledger.units, reservation_id, "res_1")
    return ledger, LedgerEvents(writer=ledger.writer, welcome_credits=1000)


def rename(store: Any, old: str, new: str) -> None:
    """Give the reservation the id that the golden messages name."""
    reservation: Reservation = store.reservations.pop(old)
    store.reservations[new] = reservation._replace(reservation_id=new)


@pytest.mark.parametrize("ce_type", EFFECTS)
@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
async def test_a_golden_message_has_its_effect_once(ce_type: str, extra: bytes) -> None:
    """Delivered, delivered again, and told again under another event id: one effect."""
    ledger, events = await ledger_with_a_held_job()
    for event_id in (None, None, "evt_another"):
        await events.handle(delivered(ce_type, event_id=event_id, extra=extra))
        assert await ledger.available(ALICE) == EFFECTS[ce_type]


def identity_told(name: str, welcome: int) -> IncomingEvent:
    """A fact about Alice, with what becomes of her welcome."""
    golden = delivered(f"tintype.identity.v1.{name}", event_id=f"evt_{name}_{welcome}")
    message = getattr(identity, name).FromString(golden.payload)
    message.welcome = welcome
    return replace(golden, payload=message.SerializeToString())


@pytest.mark.parametrize(
    ("registered", "verified", "gets"),
    [
        # Identity's release of before says nothing of conditions, and knows no EmailVerified.
        (identity.WELCOME_UNSPECIFIED, None, 1000),
        (identity.WELCOME_NOW, None, 1000),
        (identity.WELCOME_NOW, identity.WELCOME_NONE, 1000),
        (identity.WELCOME_AFTER_CONFIRMATION, None, 0),
        (identity.WELCOME_AFTER_CONFIRMATION, identity.WELCOME_NOW, 1000),
        (identity.WELCOME_AFTER_CONFIRMATION, identity.WELCOME_NONE, 0),
        (identity.WELCOME_NONE, identity.WELCOME_NONE, 0),
        # By mistake told twice: one request id, one grant.
        (identity.WELCOME_UNSPECIFIED, identity.WELCOME_NOW, 1000),
        # A release after this one knows a case that we don't: better later than twice.
        (99, None, 0),
    ],
)
async def test_a_welcome_is_granted_when_it_is_due(registered: int, verified: int | None, gets: int) -> None:
    """In either order, each delivered twice."""
    told = [identity_told("UserRegistered", registered)]
    if verified is not None:
        told.append(identity_told("EmailVerified", verified))
    for order in itertools.permutations(told):
        ledger = ledger_in_memory()
        events = LedgerEvents(writer=ledger.writer, welcome_credits=1000)
        for event in (*order, *order):
            await events.handle(event)
        assert await ledger.available(ALICE) == (gets, 0)


async def test_the_first_of_two_verdicts_counts() -> None:
    """A failure after the success changes nothing, and the reverse."""
    for order in (("Succeeded", "Failed"), ("Cancelled", "Succeeded")):
        ledger, events = await ledger_with_a_held_job()
        first, second = (f"tintype.generation.v1.Generation{name}" for name in order)
        await events.handle(delivered(first, event_id="evt_a"))
        await events.handle(delivered(second, event_id="evt_b"))
        assert await ledger.available(ALICE) == EFFECTS[first]


async def test_a_refund_that_is_told_before_its_payment_is_not_lost() -> None:
    """In either order, and with a dispute about the same money, no credit is taken twice."""
    billed = ("PaymentRefunded", "PaymentDisputed", "PaymentCompleted")
    for order in itertools.permutations(billed):
        ledger, events = await ledger_with_a_held_job()
        for name in order:
            await events.handle(delivered(f"tintype.billing.v1.{name}", event_id=f"evt_{name}"))
        balance = await ledger.reader.balance(ALICE, ledger.clock.now())
        assert (balance.available, balance.held, balance.debt) == (100, 30, 0)


async def test_a_refund_that_failed_takes_nothing() -> None:
    """In any order: the series that was reversed counts no more, what is still refunded does."""
    refunded = delivered("tintype.billing.v1.PaymentRefunded")
    told = {"refunded": {}, "less": {"series": 1, "refunded_credits": 100}, "failed": {"reversed": True}}
    for order in itertools.permutations([*told, "paid"]):
        ledger, events = await ledger_with_a_held_job()
        for name in order:
            if name == "paid":
                await events.handle(delivered("tintype.billing.v1.PaymentCompleted"))
                continue
            message = billing.PaymentRefunded.FromString(refunded.payload)
            message.MergeFrom(billing.PaymentRefunded(**told[name]))
            event = replace(refunded, event_id=f"evt_{name}", payload=message.SerializeToString())
            await events.handle(event)
        assert await ledger.available(ALICE) == (1000, 30)


def test_the_subscriptions_cover_what_is_handled() -> None:
    """Every handled fact's subject is asked for, and nothing else."""
    asked = {subject.removesuffix(".*") for subjects in SUBJECTS.values() for subject in subjects}
    told = {delivered(ce_type).subject.removesuffix(f".{ALICE}") for ce_type in EFFECTS}
    assert asked == told
