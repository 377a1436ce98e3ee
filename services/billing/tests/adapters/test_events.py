"""Facts that billing hears: who is welcomed begins with the free plan, once."""

import itertools

import pytest
from billing.adapters.inbound.events import SUBJECTS, BillingEvents
from billing.application.begin_erasure import BeginErasureHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.identifiers import UserId
from billing_support import BillingUnderTest, begun
from chassis.events import IncomingEvent, Refused
from chassis.testing.clock import HandClock
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.identity.v1 import events_pb2 as identity

ADA = "usr_ada"


def events(billing: BillingUnderTest) -> BillingEvents:
    """What hears them, with the shipped free plan."""
    free = billing.catalogue.plans[0]
    return BillingEvents(
        StartFreePlanHandler(billing.units, billing.clock, billing.ids, free),
        BeginErasureHandler(billing.units, billing.clock),
        billing.hear_departure,
    )


def told(message: Message, *, subject: str, at: HandClock, account: str = ADA) -> IncomingEvent:
    """A fact of identity's, as delivered."""
    return IncomingEvent(
        subject=f"{subject.removesuffix('*')}{account}",
        event_id="evt_1",
        time=at.time,
        payload=message.SerializeToString(),
    )


REGISTERED, VERIFIED, DELETED, REQUESTED, TAKEN_BACK = SUBJECTS


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("registered", "verified", "gets"),
    [
        # Identity's release of before says nothing of conditions.
        (identity.WELCOME_UNSPECIFIED, None, True),
        (identity.WELCOME_NOW, None, True),
        (identity.WELCOME_NOW, identity.WELCOME_NONE, True),
        (identity.WELCOME_AFTER_CONFIRMATION, None, False),
        (identity.WELCOME_AFTER_CONFIRMATION, identity.WELCOME_NOW, True),
        (identity.WELCOME_AFTER_CONFIRMATION, identity.WELCOME_NONE, False),
        # A mailbox that was welcomed before, under whatever alias.
        (identity.WELCOME_NONE, identity.WELCOME_NONE, False),
        # A release after this one knows a case that we don't: better later than twice.
        (99, None, False),
    ],
)
async def test_who_is_welcomed_begins_with_the_free_plan(
    memory_billing: BillingUnderTest, registered: int, verified: int | None, gets: bool
) -> None:
    """In either order, each delivered twice."""
    clock = memory_billing.clock
    facts = [told(identity.UserRegistered(user_id=ADA, welcome=registered), subject=REGISTERED, at=clock)]
    if verified is not None:
        facts.append(told(identity.EmailVerified(user_id=ADA, welcome=verified), subject=VERIFIED, at=clock))
    heard = events(memory_billing)
    for order in itertools.permutations(facts):
        for event in (*order, *order):
            await heard.handle(event)
    assert (await memory_billing.reader.subscription(ADA) is not None) is gets
    await memory_billing.facts.expect(*begun(ADA, clock.time, 500) * gets)


async def test_what_is_no_fact_of_identitys_is_refused(memory_billing: BillingUnderTest) -> None:
    """Another's payload, bytes that are none, and another subject: nothing starts."""
    heard, clock = events(memory_billing), memory_billing.clock
    for message, subject in (
        (identity.UserRegistered(user_id="usr_bob"), REGISTERED),
        (identity.SessionsEnded(user_id=ADA), "tintype.identity.v1.sessions_ended.*"),
    ):
        with pytest.raises(Refused):
            await heard.handle(told(message, subject=subject, at=clock))
    assert await memory_billing.reader.subscription(ADA) is None


async def test_who_is_deleted_begins_nothing_later(any_billing: BillingUnderTest) -> None:
    """Told twice it is noted once; a sign-up that is delivered afterwards gives no plan."""
    gone = told(identity.UserDeleted(user_id=ADA), subject=DELETED, at=any_billing.clock)
    late = told(
        identity.UserRegistered(user_id=ADA, welcome=identity.WELCOME_NOW),
        subject=REGISTERED,
        at=any_billing.clock,
    )
    heard = events(any_billing)
    for fact in (gone, gone, late):
        await heard.handle(fact)
    assert await any_billing.reader.subscription(UserId(ADA)) is None
    assert await any_billing.carry_on_erasures() == 1
    await any_billing.facts.expect(("AccountErased",))


async def test_who_leaves_is_heard_of_and_who_stays(any_billing: BillingUnderTest) -> None:
    """Told twice, and the older one last: the account stays."""
    clock, day = any_billing.clock, Timestamp()
    day.FromDatetime(clock.time)
    leaves = told(
        identity.ErasureRequested(user_id=ADA, revision=1, erased_from=day), subject=REQUESTED, at=clock
    )
    stays = told(identity.ErasureTakenBack(user_id=ADA, revision=2), subject=TAKEN_BACK, at=clock)
    heard = events(any_billing)
    for facts, revision, erased_from in (
        ((leaves, leaves), 1, clock.time),
        ((stays, leaves, stays), 2, None),
    ):
        for fact in facts:
            await heard.handle(fact)
        async with any_billing.units.of(UserId(ADA)) as work:
            known = await work.departure(UserId(ADA))
        assert known is not None
        assert (known.revision, known.erased_from) == (revision, erased_from)


async def test_a_departure_that_says_too_little_is_refused(memory_billing: BillingUnderTest) -> None:
    """Without its place, or its day: nothing is written down."""
    heard, clock, day = events(memory_billing), memory_billing.clock, Timestamp(seconds=1)
    for message, subject in (
        (identity.ErasureRequested(user_id=ADA, revision=1), REQUESTED),
        (identity.ErasureRequested(user_id=ADA, erased_from=day), REQUESTED),
        (identity.ErasureTakenBack(user_id=ADA), TAKEN_BACK),
        (identity.ErasureTakenBack(user_id="usr_bob", revision=1), TAKEN_BACK),
    ):
        with pytest.raises(Refused):
            await heard.handle(told(message, subject=subject, at=clock))
    async with memory_billing.units.of(UserId(ADA)) as work:
        assert await work.departure(UserId(ADA)) is None
