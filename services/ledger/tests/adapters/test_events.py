"""Events that no later delivery can make good: they are refused at once, and nothing changes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from chassis.events import IncomingEvent, Refused, event
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from ledger.adapters.inbound.events import LedgerEvents
from support import LedgerUnderTest
from tintype.billing.v1 import events_pb2 as billing
from tintype.identity.v1 import events_pb2 as identity

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = {"period_start": Timestamp(seconds=1_767_225_600), "period_end": Timestamp(seconds=1_769_904_000)}
LONG = "u" * 65


def renewed(**changes: Any) -> Message:
    """A period of a subscription, with something else in it."""
    fields = {
        "account_id": "usr_1",
        "subscription_id": "sub_1",
        "invoice_id": "in_1",
        "credits": 500,
        **MONTH,
    }
    return billing.SubscriptionRenewed(**{**fields, **changes})


WRONG: dict[str, tuple[str, Message]] = {
    "an account that is none": (LONG, identity.UserRegistered(user_id=LONG)),
    "another alphabet": ("usr_ä", billing.PaymentCompleted(account_id="usr_ä", payment_id="pi_1", credits=5)),
    "nothing paid for": ("usr_1", billing.PaymentCompleted(account_id="usr_1", payment_id="pi_1", credits=0)),
    "no payment": ("usr_1", billing.PaymentCompleted(account_id="usr_1", credits=5)),
    "NUL in an id": ("usr_1", billing.PaymentCompleted(account_id="usr_1", payment_id="pi\x00", credits=5)),
    "a refund below zero": (
        "usr_1",
        billing.PaymentRefunded(account_id="usr_1", payment_id="pi_1", refunded_credits=-1),
    ),
    "no period": ("usr_1", renewed(period_end=None)),
    "a period that ends before it begins": ("usr_1", renewed(period_end=Timestamp(seconds=1))),
    "a period that is none": ("usr_1", renewed(period_end=Timestamp(seconds=2**63 - 1))),
}


def delivered(account: str, message: Message) -> IncomingEvent:
    """The message as a consumer gets it."""
    sent = event(message, account=account, event_id="evt_1", time=NOW)
    return IncomingEvent(subject=sent.subject, event_id=sent.event_id, time=NOW, payload=sent.payload)


@pytest.mark.exhaustive
@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("welcome_credits", [0, 1_000])
async def test_what_is_out_of_bounds_is_refused(
    memory_ledger: LedgerUnderTest, what: str, welcome_credits: int
) -> None:
    """As a dead letter at once: nothing is opened, granted or told, and the event is not handled."""
    events = LedgerEvents(writer=memory_ledger.writer, welcome_credits=welcome_credits)
    account, message = WRONG[what]
    with pytest.raises(Refused):
        await events.handle(delivered(account, message))
    assert memory_ledger.units.accounts == {}  # type: ignore[attr-defined]
    assert memory_ledger.units.events == set()  # type: ignore[attr-defined]
    assert await memory_ledger.outbox() == []


async def test_a_user_without_welcome_credits_can_be_corrected(memory_ledger: LedgerUnderTest) -> None:
    """Registration opens the account."""
    events = LedgerEvents(writer=memory_ledger.writer, welcome_credits=0)
    for _ in range(2):
        await events.handle(delivered("usr_1", identity.UserRegistered(user_id="usr_1")))
    assert memory_ledger.units.accounts.keys() == {"usr_1"}  # type: ignore[attr-defined]
    assert await memory_ledger.available("usr_1") == (0, 0)
