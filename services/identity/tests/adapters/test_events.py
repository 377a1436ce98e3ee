"""Facts that identity hears."""

from dataclasses import replace

import pytest
from chassis.events import IncomingEvent, Refused
from identity.adapters.inbound.events import IdentityEvents
from identity.application.keep_record import KeepRecordHandler
from identity.application.mail_news import MailNewsHandler
from identity.application.note_erased import NoteErasedHandler
from identity.application.record_act import ActRecorder
from identity.domain.audit import Actor
from identity.domain.mail import Notice
from identity_world import World
from tintype.billing.v1 import events_pb2 as billing
from tintype.ledger.v1 import events_pb2 as ledger


def events(world: World, *, balance_mails: bool = True) -> IdentityEvents:
    """What hears them."""
    news = MailNewsHandler(world.ports.units, world.ports.ids, world.clock)
    keep_record = KeepRecordHandler(world.ports.units, ActRecorder(world.ports.ids))
    return IdentityEvents(
        mail_news=news,
        keep_record=keep_record,
        note_erased=NoteErasedHandler(world.ports.units),
        balance_mails=balance_mails,
    )


async def low(world: World) -> IncomingEvent:
    """A fact about a person who can be reached."""
    user_id = (await world.sign_up()).user.user_id
    world.change(user_id, email_verified_at=world.clock.now())
    world.store.mails.clear()
    message = ledger.BalanceLow(account_id=user_id, threshold=1_500)
    message.balance.available = 1_234
    return IncomingEvent(
        subject=f"tintype.ledger.v1.balance_low.{user_id}",
        event_id="evt_1",
        time=world.clock.now(),
        payload=message.SerializeToString(),
    )


async def test_a_low_balance_is_mailed_once(world: World) -> None:
    """With what is left and what it is less than, as people write numbers."""
    heard, event = events(world), await low(world)
    for _ in range(2):
        await heard.handle(event)
    (row,) = world.store.mails.values()
    assert row.mail.purpose is Notice.BALANCE_LOW
    assert row.mail.details == {"credits": "1,234", "threshold": "1,500"}


async def test_mails_can_be_turned_off(world: World) -> None:
    """Nothing is queued."""
    await events(world, balance_mails=False).handle(await low(world))
    assert world.store.mails == {}


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (billing.AUTO_TOP_UP_STOP_REASON_PAYMENT_REFUSED, "your bank refused the payment twice"),
        (
            billing.AUTO_TOP_UP_STOP_REASON_AUTHENTICATION_REQUIRED,
            "your bank wants you to confirm the payment",
        ),
        (billing.AUTO_TOP_UP_STOP_REASON_PRICE_RAISED, "the pack costs more than when you turned it on"),
        # A release after this one knows a reason that we don't.
        (99, "something is to be looked at"),
    ],
)
async def test_why_auto_top_up_stopped_is_mailed_whatever_is_turned_off(
    world: World, reason: int, why: str
) -> None:
    """In words, once."""
    event = await low(world)
    stopped = billing.AutoTopUpStopped(account_id=event.account)
    stopped.reason = reason  # type: ignore[assignment]
    told = replace(
        event,
        subject=f"tintype.billing.v1.auto_top_up_stopped.{event.account}",
        payload=stopped.SerializeToString(),
    )
    for _ in range(2):
        await events(world, balance_mails=False).handle(told)
    (row,) = world.store.mails.values()
    assert (row.mail.purpose, row.mail.details) == (Notice.AUTO_TOP_UP_STOPPED, {"why": why})


async def test_what_is_no_fact_of_the_ledgers_is_refused(world: World) -> None:
    """Another fact, another's payload, and bytes that are none: nothing is queued."""
    heard, event = events(world), await low(world)
    for wrong in (
        replace(event, subject=event.subject.replace("balance_low", "credits_charged")),
        replace(event, subject="tintype.ledger.v1.balance_low.usr_other"),
        replace(event, payload=b"\xff"),
    ):
        with pytest.raises(Refused):
            await heard.handle(wrong)
    assert world.store.mails == {}


@pytest.mark.parametrize("name", ["kim", "usr_boss"])
async def test_who_acts_at_a_terminal_is_recorded_as_an_operator(world: World, name: str) -> None:
    """By the name that they give, and never as the administrator that it may be the id of."""
    told = ledger.CreditsAdjusted(account_id="usr_ada", amount=5, actor=name, reason="sent twice")
    event = IncomingEvent(
        subject="tintype.ledger.v1.credits_adjusted.usr_ada",
        event_id="evt_1",
        time=world.clock.now(),
        payload=told.SerializeToString(),
    )
    await events(world).handle(event)
    (record,) = world.store.audit
    assert record.actor == Actor.operator(name)
