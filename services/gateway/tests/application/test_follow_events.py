"""What a connection is told: news only, in the right order, as long as its proof holds."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from gateway.adapters.outbound.memory.event_feed import MemoryEventFeed
from gateway.application.follow_events import FollowEventsHandler
from gateway.application.open_streams import OpenStreams
from gateway.application.standing_proofs import StandingProofs
from gateway.domain.credits import Balance
from gateway.domain.errors import RateLimited
from gateway.domain.event import (
    BalanceChanged,
    ClientEvent,
    Fact,
    GenerationMoved,
    GenerationUpdate,
    PaymentReceived,
    PlanChanged,
    Position,
    Stream,
)
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import GenerationId, PlanId, SubscriptionId, UserId
from gateway.domain.subscription import BillingInterval, SubscriptionStatus
from gateway.domain.user import Principal, Role
from gateway_world import Door

JOB = "gen_" + "c" * 32
ADAS_SESSION = "ses_" + "a" * 32


def balance(sequence: int) -> BalanceChanged:
    """A balance with this sequence."""
    return BalanceChanged(
        balance=Balance(
            available=sequence,
            held=0,
            debt=0,
            by_category={},
            next_expiry=None,
            sequence=sequence,
        )
    )


def moved(status: GenerationStatus, progress: float = 0.0, **more: int) -> GenerationMoved:
    """A job that came further."""
    return GenerationMoved(
        generation_id=more.pop("job", JOB),  # type: ignore[arg-type]
        status=status,
        progress=progress,
        reserved_credits=more.get("reserved"),
        charged_credits=more.get("charged"),
    )


@pytest.fixture
def ada(door: Door) -> Principal:
    """A caller whose proof holds for a minute."""
    door.world.identity.sessions[ADAS_SESSION] = "usr_ada"
    return Principal(
        user_id=UserId("usr_ada"),
        email="a@b.co",
        role=Role.USER,
        expires_at=door.clock.now() + timedelta(minutes=1),
        session_id=ADAS_SESSION,
    )


@pytest.fixture
def feed() -> MemoryEventFeed:
    """A feed that tests write."""
    return MemoryEventFeed(heartbeat_s=0.02)


@pytest.fixture
def follow(door: Door, feed: MemoryEventFeed) -> FollowEventsHandler:
    """The use case over the feed."""
    return following(door, feed)


def following(door: Door, feed: MemoryEventFeed) -> FollowEventsHandler:
    """The use case in a process of its own over the feed; a user may have one stream there."""
    ports = door.world.ports
    return FollowEventsHandler(
        feed=feed,
        ids=ports.event_ids,
        generations=ports.generations,
        ledger=ports.ledger,
        clock=door.clock,
        proofs=StandingProofs(door.open_sessions, door.known_keys),
        open_streams=OpenStreams(per_user_max=1),
    )


async def heard(
    follow: FollowEventsHandler, who: Principal, after: str = "", *, states: int, beats: int = 1
) -> list[ClientEvent]:
    """What a connection is told until it has heard these many states and then nothing for a while."""
    found: list[ClientEvent] = []
    events = cast(AsyncGenerator[ClientEvent, None], follow(who, after))
    async with asyncio.timeout(5), aclosing(events):
        async for event in events:
            if event.told is not None:
                found.append(event)
            elif len(found) >= states:
                beats -= 1
                if beats < 0:
                    return found
    raise AssertionError(f"the stream ended after {found}")


async def position(follow: FollowEventsHandler, who: Principal) -> str:
    """The id that a new connection gets first."""
    events = cast(AsyncGenerator[ClientEvent, None], follow(who, ""))
    async with aclosing(events):
        first = await anext(events)
    assert first.told is None
    assert first.event_id
    return first.event_id


async def told(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal, facts: list[tuple[Stream, Fact]]
) -> list[ClientEvent]:
    """What a connection is told that left before these facts and came back after them."""
    start = await position(follow, ada)
    for stream, fact in facts:
        await feed.append(ada.user_id, stream, fact)
    return await heard(follow, ada, start, states=1)


def balances(events: list[ClientEvent]) -> list[int]:
    """Which balances were told."""
    return [one.told.sequence for one in events if isinstance(one.told, Balance)]


async def test_no_older_balance(follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal) -> None:
    """A balance older than the one shown is left out, over reconnects too."""
    events = await told(follow, feed, ada, [(Stream.LEDGER, balance(n)) for n in (2, 1, 3, 3, 2)])
    assert balances(events) == [2, 3]
    assert events[-1].event_id
    assert await heard(follow, ada, events[-1].event_id, states=0) == []


async def test_an_event_has_one_id(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal, door: Door
) -> None:
    """Whoever sends an event, live or after a reconnect from anywhere before, sends it with the same id."""
    start = await position(follow, ada)
    live = asyncio.create_task(heard(follow, ada, states=3))
    async with asyncio.timeout(5):
        while not feed.arrived._waiters:
            await asyncio.sleep(0)
    await feed.append(ada.user_id, Stream.LEDGER, balance(1))
    await feed.append(ada.user_id, Stream.GENERATION, moved(GenerationStatus.QUEUED, reserved=5))
    await feed.append(ada.user_id, Stream.LEDGER, balance(2))
    first = await live
    assert len({one.event_id for one in first}) == 3
    # Another process with the same secret, which was not there at the time.
    other = following(door, feed)
    assert await heard(other, ada, start, states=3) == first
    assert (await heard(other, ada, first[0].event_id or "", states=2)) == first[1:]


async def test_what_another_stream_told_meanwhile_is_not_lost(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """After an id of one stream the newest state of the others is told, again rather than never.

    Who came in by a generation's event may not have heard the balance that was stored before it.
    """
    events = await told(
        follow,
        feed,
        ada,
        [
            (Stream.LEDGER, balance(1)),
            (Stream.LEDGER, balance(2)),
            (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.5)),
            (Stream.GENERATION, moved(GenerationStatus.SUCCEEDED, 1.0, charged=5)),
        ],
    )
    half = next(one for one in events if isinstance(one.told, GenerationUpdate))
    again = await heard(follow, ada, half.event_id or "", states=2)
    assert balances(again) == [2]
    assert [one.told.status for one in again if isinstance(one.told, GenerationUpdate)] == ["succeeded"]
    assert {one.event_id for one in again} <= {one.event_id for one in events}


async def test_of_balances_that_were_maybe_seen_the_newest_is_told(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """Not the one that came last: facts come in no promised order."""
    events = await told(
        follow,
        feed,
        ada,
        [
            (Stream.LEDGER, balance(3)),
            (Stream.LEDGER, balance(2)),
            (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.5)),
        ],
    )
    half = next(event for event in events if isinstance(event.told, GenerationUpdate))
    assert balances(await heard(follow, ada, half.event_id or "", states=1)) == [3]


async def test_what_was_maybe_seen_is_dropped_for_what_is_newer(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """A client that comes back is not shown a state of before it left once there is a later one."""
    events = await told(
        follow,
        feed,
        ada,
        [
            (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.5)),
            (Stream.LEDGER, balance(1)),
            (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.7)),
        ],
    )
    (paid,) = [one.event_id for one in events if isinstance(one.told, Balance)]
    again = await heard(follow, ada, paid or "", states=1)
    assert [one.told.progress for one in again if isinstance(one.told, GenerationUpdate)] == [0.7]


async def test_a_payment_is_never_lost(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """Every payment that was perhaps not told comes, each with its own id: none stands for another."""

    def paid(number: int) -> PaymentReceived:
        return PaymentReceived(
            payment_id=f"pi_{number}",
            purchase_id=f"pur_{number}",
            pack_id="starter",
            credits=1,
            amount_minor=1,
            currency="usd",
            occurred_at=ada.expires_at,
        )

    facts: list[tuple[Stream, Fact]] = [(Stream.BILLING, paid(1)), (Stream.BILLING, paid(2))]
    events = await told(follow, feed, ada, [*facts, (Stream.LEDGER, balance(1))])
    again = await heard(follow, ada, events[-1].event_id or "", states=2)
    assert [one.told for one in again] == [paid(1), paid(2)]
    assert [one.event_id for one in again] == [one.event_id for one in events[:2]]


def plan(revision: int) -> PlanChanged:
    """A change of a plan with this number."""
    return PlanChanged(
        subscription_id=SubscriptionId("plan_1"),
        plan_id=PlanId("pro"),
        status=SubscriptionStatus.ACTIVE,
        interval=BillingInterval.MONTH,
        entitlements=("premium",),
        cancel_at_period_end=False,
        revision=revision,
        occurred_at=datetime(2030, 1, 2, tzinfo=UTC),
    )


async def test_an_older_plan_is_not_told_after_a_newer_one(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """Whatever order its facts come in, and however often: the number decides."""
    facts: list[tuple[Stream, Fact]] = [(Stream.BILLING, plan(number)) for number in (2, 1, 2, 4, 3)]
    events = await told(follow, feed, ada, [*facts, (Stream.LEDGER, balance(1))])
    assert [one.told.revision for one in events if isinstance(one.told, PlanChanged)] == [2, 4]


async def test_the_newest_plan_comes_again(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """Of those that were perhaps told before, the highest number alone."""
    facts: list[tuple[Stream, Fact]] = [(Stream.BILLING, plan(number)) for number in (1, 3, 2)]
    events = await told(follow, feed, ada, [*facts, (Stream.LEDGER, balance(1))])
    again = await heard(follow, ada, events[-1].event_id or "", states=1)
    assert [one.told for one in again] == [plan(3)]


@pytest.mark.parametrize(
    "kind", ["another account's", "garbled", "of before", "no text", "endless", "beyond"]
)
async def test_an_id_that_is_no_good_hides_nothing(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal, door: Door, kind: str
) -> None:
    """It starts from now with the account as it stands, and the next balance is told whatever the id said."""
    user_id = await door.sign_up(welcome_credits=100)
    job = (await door.generate()).json()["id"]
    owner = replace(ada, user_id=UserId(user_id))
    await feed.append(ada.user_id, Stream.LEDGER, balance(10**9))
    (others,) = await heard(follow, ada, await position(follow, ada), states=0) or [None]
    ids = door.world.ports.event_ids
    far = Position(numbers=dict.fromkeys(Stream, 10**6), at_ms=1, balance=10**9)
    bad = {
        "another account's": ids.seal(ada.user_id, feed.facts[0][1].cursor),
        "garbled": ids.seal(user_id, feed.facts[0][1].cursor)[:-1] + "!",
        "of before": "L0-G0-B0-S999999999",
        "no text": "\u0000\udcff",
        "endless": "A" * 100_000,
        "beyond": ids.seal(user_id, far),
    }[kind]
    assert others is None
    events = cast(AsyncGenerator[ClientEvent, None], follow(owner, bad))
    async with asyncio.timeout(5), aclosing(events):
        shown, update, here = [await anext(events) for _ in range(3)]
        now = await door.world.ledger.balance(user_id)
        assert shown == ClientEvent(event_id=None, told=now)
        assert isinstance(update.told, GenerationUpdate)
        assert (update.event_id, update.told.generation_id) == (None, job)
        assert here.told is None
        await feed.append(owner.user_id, Stream.LEDGER, balance(now.sequence + 1))
        while (after := await anext(events)).told is None:
            pass
    assert balances([after]) == [now.sequence + 1]
    assert ids.open(user_id, after.event_id or "") is not None


async def test_no_step_back(follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal) -> None:
    """A job's states only move on, whatever order they come in; the end is told once."""
    facts: list[tuple[Stream, Fact]] = [
        (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.4)),
        (Stream.GENERATION, moved(GenerationStatus.QUEUED, reserved=20)),
        (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.2)),
        (Stream.GENERATION, moved(GenerationStatus.SUCCEEDED, 1.0, charged=15)),
        (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.9)),
        (Stream.GENERATION, moved(GenerationStatus.SUCCEEDED, 1.0, charged=15)),
    ]
    events = await told(follow, feed, ada, facts)
    assert [one.told for one in events] == [
        GenerationUpdate(
            generation_id=JOB,
            status=GenerationStatus.PROCESSING,
            progress=0.4,
            # Nobody said, and generation knows no such job.
            reserved_credits=None,
            charged_credits=0,
            refunded_credits=0,
        ),
        GenerationUpdate(
            generation_id=JOB,
            status=GenerationStatus.SUCCEEDED,
            progress=1.0,
            reserved_credits=20,
            charged_credits=15,
            refunded_credits=5,
        ),
    ]


async def test_learns_what_was_reserved(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal, door: Door
) -> None:
    """A connection that came too late to hear the price asks for it."""
    user_id = await door.sign_up(welcome_credits=100)
    job = (await door.generate()).json()["id"]
    ended = GenerationMoved(generation_id=job, status=GenerationStatus.FAILED, progress=0.0)
    owner = Principal(
        user_id=UserId(user_id),
        email="",
        role=Role.USER,
        expires_at=ada.expires_at,
        session_id=ada.session_id,
    )
    events = await told(follow, feed, owner, [(Stream.GENERATION, ended)])
    update = events[0].told
    assert isinstance(update, GenerationUpdate)
    assert (update.reserved_credits, update.charged_credits, update.refunded_credits) == (5, 0, 5)


async def test_ends_with_the_proof(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal, door: Door
) -> None:
    """When the token expires the stream ends, with nothing told after."""
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, ""))
    await anext(events)
    door.clock.pass_(minutes=2)
    await feed.append(ada.user_id, Stream.LEDGER, balance(1))
    async with asyncio.timeout(5):
        assert [one async for one in events] == []


async def test_ends_at_the_moment_of_its_proof(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal, door: Door
) -> None:
    """A token that expires now proves nothing now."""
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, ""))
    await anext(events)
    door.clock.time = ada.expires_at
    await feed.append(ada.user_id, Stream.LEDGER, balance(1))
    async with asyncio.timeout(5):
        assert [event async for event in events] == []


async def test_a_balance_is_told_once(
    follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """The same balance that two facts tell is no news the second time."""
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, ""))
    async with asyncio.timeout(5), aclosing(events):
        await anext(events)
        for number in (3, 3, 2, 4):
            await feed.append(ada.user_id, Stream.LEDGER, balance(number))
        heard: list[int] = []
        while 4 not in heard:
            state = (await anext(events)).told
            heard += [state.sequence] if isinstance(state, Balance) else []
    assert heard == [3, 4]


@pytest.mark.parametrize(
    ("status", "reserved", "charged", "refunded"),
    [
        (GenerationStatus.SUCCEEDED, 20, 20, 0),
        # Nothing goes back of what was never held, whatever a fact says of the charge.
        (GenerationStatus.SUCCEEDED, 20, 25, 0),
        (GenerationStatus.FAILED, 20, None, 20),
        (GenerationStatus.PROCESSING, 20, None, 0),
    ],
)
async def test_what_goes_back(
    follow: FollowEventsHandler,
    feed: MemoryEventFeed,
    ada: Principal,
    status: GenerationStatus,
    reserved: int,
    charged: int | None,
    refunded: int,
) -> None:
    """What was held and not charged, once it has ended; before that, and beyond that, nothing."""
    fact = GenerationMoved(
        generation_id=GenerationId(JOB),
        status=status,
        progress=0.5,
        reserved_credits=reserved,
        charged_credits=charged,
    )
    (event,) = await told(follow, feed, ada, [(Stream.GENERATION, fact)])
    assert isinstance(event.told, GenerationUpdate)
    assert event.told.refunded_credits == refunded
    assert event.told.charged_credits == (charged or 0)


async def test_bounded_connections(follow: FollowEventsHandler, ada: Principal) -> None:
    """One more stream than allowed is refused, and a closed one makes room."""
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, ""))
    await anext(events)
    with pytest.raises(RateLimited):
        await anext(follow(ada, ""))
    await events.aclose()
    again = cast(AsyncGenerator[ClientEvent, None], follow(ada, ""))
    await anext(again)
    await again.aclose()


async def test_a_stream_ends_with_its_session(
    door: Door, follow: FollowEventsHandler, feed: MemoryEventFeed, ada: Principal
) -> None:
    """At once when the gateway is told, though nothing happens to the account."""
    feed.heartbeat_s = 60
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, ""))
    assert (await anext(events)).told is None
    waiting = asyncio.ensure_future(anext(events, None))
    await asyncio.sleep(0)
    door.world.identity.sessions.clear()
    door.open_sessions.doubt(ada.user_id)
    async with asyncio.timeout(10):
        assert await waiting is None
    # Its place is free again.
    with follow.open_streams.admit(ada.user_id):
        pass
