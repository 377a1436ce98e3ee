"""What becomes of a delivery, from its first attempt to its last, by a clock that is moved."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from gateway.adapters.outbound.memory.webhook_sender import MemoryWebhookSender
from gateway.adapters.outbound.memory.webhooks import MemoryWebhooks
from gateway.application.attempt_delivery import AttemptDeliveryHandler
from gateway.application.claim_deliveries import ClaimDeliveriesHandler
from gateway.application.purge_webhooks import PurgeWebhooksHandler
from gateway.domain.identifiers import DeliveryId, FactId, MessageId, UserId, WebhookEndpointId
from gateway.domain.webhook import (
    ATTEMPTS_MAX,
    KILLS_MAX,
    RETRY_DELAYS,
    Attempt,
    AttemptError,
    DeliveryState,
    DisabledReason,
    EndpointChange,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)
from gateway_world import ToldClock

ADA = UserId("usr_" + "a" * 32)
URL = "https://receiver.example/hook"
LOW = WebhookEvent.CREDITS_LOW
EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
REFUSED = Attempt(attempted_at=EPOCH, duration_ms=1, status=500)


class World:
    """One account with one endpoint, a receiver, and a process that delivers."""

    def __init__(self) -> None:
        self.clock = ToldClock()
        self.kept, self.sender = MemoryWebhooks(), MemoryWebhookSender()
        self.claim = ClaimDeliveriesHandler(queue=self.kept, clock=self.clock)
        self.attempt = AttemptDeliveryHandler(
            queue=self.kept,
            sender=self.sender,
            clock=self.clock,
            spread=lambda delay: delay,
            failing_max=timedelta(days=3),
        )
        self.told = 0

    async def open(self, number: int = 1, url: str = URL) -> WebhookEndpointId:
        """Add an endpoint."""
        endpoint_id = WebhookEndpointId(f"whe_{number:032x}")
        await self.kept.add(
            WebhookEndpoint(
                endpoint_id=endpoint_id,
                account_id=ADA,
                url=url,
                event_types=frozenset({LOW}),
                description="",
                created_at=self.clock.now(),
            ),
            "whsec_AAAA",
        )
        return endpoint_id

    async def tell(self) -> None:
        """Something happens."""
        self.told += 1
        message = WebhookMessage(
            message_id=MessageId(f"msg_{self.told}"), account_id=ADA, event_type=LOW, payload="{}"
        )
        await self.kept.record(FactId(f"evt_{self.told}"), message, now=self.clock.now())

    async def deliver(self) -> int:
        """Try whatever is due; returns how many."""
        claimed = await self.claim(100)
        for each in claimed:
            await self.attempt(each)
        return len(claimed)

    @property
    def last(self) -> WebhookDelivery:
        """The newest delivery."""
        return list(self.kept.log.values())[-1]


@pytest.fixture
async def world() -> World:
    """With an endpoint."""
    world = World()
    await world.open()
    return world


async def test_it_arrives(world: World) -> None:
    """Once, and nothing follows."""
    await world.tell()
    assert await world.deliver() == 1
    assert (world.last.state, world.last.attempts, world.last.next_attempt_at) == (
        DeliveryState.SUCCEEDED,
        1,
        None,
    )
    world.clock.pass_(days=9)
    assert await world.deliver() == 0
    assert len(world.sender.sent) == 1


async def test_a_receiver_that_comes_back_after_a_day_gets_it(world: World) -> None:
    """It is tried with growing pauses, under the same id, and nothing is lost."""
    world.sender.answers[URL] = [REFUSED] * (ATTEMPTS_MAX - 1)
    began = world.clock.now()
    await world.tell()
    for delay in RETRY_DELAYS:
        assert await world.deliver() == 1
        assert world.last.next_attempt_at == world.clock.now() + delay
        world.clock.time += delay - timedelta(seconds=1)
        assert await world.deliver() == 0
        world.clock.time += timedelta(seconds=1)
    assert world.clock.now() - began > timedelta(days=1)
    assert await world.deliver() == 1
    assert (world.last.state, world.last.attempts) == (DeliveryState.SUCCEEDED, ATTEMPTS_MAX)
    assert len({delivery.message_id for delivery, _ in world.sender.sent}) == 1


async def test_it_is_given_up_in_the_end(world: World) -> None:
    """After the last attempt; its owner may have it sent again."""
    world.sender.answers[URL] = [REFUSED] * ATTEMPTS_MAX
    await world.tell()
    for delay in (*RETRY_DELAYS, timedelta(days=30)):
        assert await world.deliver() == 1
        world.clock.time += delay
    assert await world.deliver() == 0
    assert world.last.state is DeliveryState.FAILED
    assert world.last.endpoint_id is not None
    await world.kept.redeliver(ADA, world.last.endpoint_id, world.last.delivery_id, now=world.clock.now())
    assert await world.deliver() == 1
    assert world.last.state is DeliveryState.SUCCEEDED


async def test_a_receiver_that_asks_for_time_gets_it(world: World) -> None:
    """A day at most, and never less than it would have had."""
    for asked, given in (
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(seconds=1), RETRY_DELAYS[1]),
        (timedelta(days=30), timedelta(days=1)),
    ):
        world.sender.answers[URL] = [replace(REFUSED, status=429, retry_after=asked)]
        if world.told == 0:
            await world.tell()
        await world.deliver()
        assert world.last.next_attempt_at == world.clock.now() + given
        world.clock.time += given


async def test_pauses_are_spread(world: World) -> None:
    """What failed together comes back apart."""
    world.attempt = replace(world.attempt, spread=lambda delay: delay * 1.5)
    world.sender.answers[URL] = [REFUSED]
    await world.tell()
    await world.deliver()
    assert world.last.next_attempt_at == world.clock.now() + RETRY_DELAYS[0] * 1.5


async def test_a_receiver_that_is_gone_ends_it(world: World) -> None:
    """410 is the last word: this delivery, what waits, and what happens later."""
    world.sender.answers[URL] = [replace(REFUSED, status=410)]
    await world.tell()
    assert await world.deliver() == 1
    assert world.last.state is DeliveryState.FAILED
    (endpoint,) = world.kept.kept.values()
    assert endpoint.disabled_reason is DisabledReason.GONE
    await world.tell()
    assert await world.deliver() == 0
    assert len(world.sender.sent) == 1


async def test_days_of_failures_disable_an_endpoint(world: World) -> None:
    """Three in a row; whoever turns it on again begins anew."""
    endpoint_id = next(iter(world.kept.kept))
    world.sender.answers[URL] = [REFUSED] * 100
    for _ in range(3):
        await world.tell()
        await world.deliver()
        assert world.kept.kept[endpoint_id].is_enabled
        world.clock.pass_(days=1)
    await world.deliver()
    assert world.kept.kept[endpoint_id].disabled_reason is DisabledReason.FAILING
    assert [endpoint.endpoint_id for endpoint in await world.kept.untold(after=None, count_max=9)] == [
        endpoint_id
    ]
    world.clock.pass_(days=9)
    sent = len(world.sender.sent)
    assert await world.deliver() > 0
    assert len(world.sender.sent) == sent
    assert {each.state for each in world.kept.log.values()} == {DeliveryState.FAILED}
    assert world.last.last_attempt is not None
    assert world.last.last_attempt.error is AttemptError.ENDPOINT_DISABLED
    await world.kept.change(ADA, endpoint_id, EndpointChange(enabled=True), now=world.clock.now())
    await world.tell()
    await world.deliver()
    assert world.kept.kept[endpoint_id].is_enabled


async def test_a_poisoned_delivery_harms_only_itself(world: World) -> None:
    """Whatever sending it raises is its own failed attempt; the others arrive, and it is tried again."""
    await world.open(2, "https://other.example/")
    world.sender.answers[URL] = [RuntimeError("poison")]
    await world.tell()
    assert await world.deliver() == 2
    states = {each.url: each.state for each in world.kept.log.values()}
    assert states == {URL: DeliveryState.PENDING, "https://other.example/": DeliveryState.SUCCEEDED}
    world.clock.pass_(minutes=1)
    assert await world.deliver() == 1
    assert {each.state for each in world.kept.log.values()} == {DeliveryState.SUCCEEDED}


async def test_one_that_kills_whoever_tries_it_ends(world: World) -> None:
    """Each time that a process dies of it counts; in the end nobody tries it any more."""
    await world.tell()
    for _ in range(ATTEMPTS_MAX + KILLS_MAX):
        assert len(await world.claim(1)) == 1
        world.clock.pass_(minutes=2)
    assert await world.deliver() == 1
    assert world.sender.sent == []
    assert world.last.state is DeliveryState.FAILED
    assert await world.deliver() == 0


async def test_without_its_secret_nothing_is_sent(world: World) -> None:
    """What can't be signed is tried again later: perhaps the key comes back."""
    await world.tell()
    (claimed,) = await world.claim(1)
    attempt = await world.attempt(replace(claimed, secrets=None))
    assert attempt.error is AttemptError.INTERNAL
    assert world.sender.sent == []
    assert world.last.state is DeliveryState.PENDING


async def test_the_log_is_bounded(world: World) -> None:
    """What ended a month ago is forgotten, however much it is."""
    purge = PurgeWebhooksHandler(queue=world.kept, clock=world.clock, kept_for=timedelta(days=30))
    await world.tell()
    await world.deliver()
    world.clock.pass_(days=30)
    assert await purge() == 0
    world.clock.pass_(seconds=1)
    for number in range(1_500):
        delivery_id = DeliveryId(f"dlv_{number + 100}")
        world.kept.log[delivery_id] = replace(world.last, delivery_id=delivery_id)
        world.kept.ended[delivery_id] = world.clock.now() - timedelta(days=31)
    assert await purge() == 1_501
    assert world.kept.log == {}
