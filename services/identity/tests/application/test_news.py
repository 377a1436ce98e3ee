"""News by mail: once a fact, to people who can be reached, while it is fresh."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.application.mail_news import MailNews, MailNewsHandler
from identity.domain.identifiers import EventId, UserId
from identity.domain.mail import Mail, MailState, Notice
from identity_world import ADA, World

DETAILS = {"credits": "87", "threshold": "100"}


async def reachable(world: World) -> UserId:
    """A person whose address is proven, and no mail waiting."""
    user = (await world.sign_up()).user
    world.change(user.user_id, email_verified_at=world.clock.now())
    world.store.mails.clear()
    return user.user_id


def news(world: World, user_id: UserId, *, event: str = "evt_1", age: timedelta = timedelta()) -> MailNews:
    """What the ledger told."""
    return MailNews(
        event_id=EventId(event),
        user_id=user_id,
        notice=Notice.BALANCE_LOW,
        details=DETAILS,
        happened_at=world.clock.now() - age,
    )


def handler(world: World) -> MailNewsHandler:
    """The use case over this world."""
    return MailNewsHandler(world.ports.units, world.ports.ids, world.clock)


def mails(world: World) -> list[Mail]:
    """What is queued."""
    return [row.mail for row in world.store.mails.values()]


async def test_a_fact_is_one_mail_and_each_crossing_another(world: World) -> None:
    """Told three times: one mail, without a token. The next crossing is news again."""
    user_id = await reachable(world)
    told = handler(world)
    assert [await told(news(world, user_id)) for _ in range(3)] == [True, False, False]
    (mail,) = mails(world)
    assert (mail.recipient, mail.purpose, mail.token) == (ADA, Notice.BALANCE_LOW, "")
    assert mail.details == DETAILS
    assert await told(news(world, user_id, event="evt_2"))
    assert len(mails(world)) == 2
    assert await world.send_due_mail() == 2
    assert [mail.purpose for mail in world.mailer.sent] == [Notice.BALANCE_LOW] * 2


@pytest.mark.parametrize(
    "change",
    [
        lambda world: {"email_verified_at": None},
        lambda world: {"disabled_at": world.clock.now()},
    ],
    ids=["address not proven", "account disabled"],
)
async def test_who_can_not_be_reached_is_not_mailed(
    world: World, change: Callable[[World], dict[str, object]]
) -> None:
    """Nothing is queued, and the fact is done: it does not come back when that changes."""
    user_id = await reachable(world)
    world.change(user_id, **change(world))
    assert not await handler(world)(news(world, user_id))
    world.change(user_id, email_verified_at=world.clock.now(), disabled_at=None)
    assert not await handler(world)(news(world, user_id))
    assert mails(world) == []


async def test_news_of_nobody_is_done(world: World) -> None:
    """An account that nobody signed up for is no error: no retry finds the person."""
    assert not await handler(world)(news(world, UserId("usr_nobody")))
    assert mails(world) == []


@pytest.mark.parametrize(
    ("age", "is_mailed"), [(timedelta(days=1) - timedelta(microseconds=1), True), (timedelta(days=1), False)]
)
async def test_news_grows_old(world: World, age: timedelta, is_mailed: bool) -> None:
    """What an outage of ours held up for a day is not mailed any more."""
    user_id = await reachable(world)
    assert await handler(world)(news(world, user_id, age=age)) is is_mailed
    assert len(mails(world)) == is_mailed


async def test_a_mail_server_that_was_away_for_a_day_sends_no_old_news(world: World) -> None:
    """The day counts from what happened, not from when it was heard."""
    user_id = await reachable(world)
    await handler(world)(news(world, user_id, age=timedelta(hours=23)))
    world.clock.advance(timedelta(hours=1))
    await world.send_due_mail()
    assert world.mailer.sent == []
    assert [row.state for row in world.store.mails.values()] == [MailState.ABANDONED]


async def test_news_from_a_clock_that_is_ahead_grows_old_too(world: World) -> None:
    """However far ahead: a day from when it was heard."""
    user_id = await reachable(world)
    ahead = replace(news(world, user_id), happened_at=datetime.max.replace(tzinfo=UTC))
    assert await handler(world)(ahead)
    assert [mail.expires_at for mail in mails(world)] == [world.clock.now() + timedelta(days=1)]
