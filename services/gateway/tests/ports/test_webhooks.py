"""One suite over both keepers of webhooks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from chassis.postgres import create_engine, transaction
from cryptography.fernet import Fernet
from embedded.testing import ServiceDatabase
from gateway.adapters.outbound.memory.webhooks import MemoryWebhooks
from gateway.adapters.outbound.postgres.tables import inbox, webhook_endpoints
from gateway.adapters.outbound.postgres.webhook_endpoints import PostgresWebhookEndpoints
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.domain.errors import Conflict, IdempotencyKeyReused, InvalidRequest, NotFound, OutOfOrder
from gateway.domain.identifiers import (
    AccountId,
    CallbackId,
    DeliveryId,
    FactId,
    GenerationId,
    MessageId,
    UserId,
    WebhookEndpointId,
)
from gateway.domain.webhook import (
    ENDPOINTS_MAX,
    Attempt,
    AttemptError,
    Callback,
    ClaimedDelivery,
    DeliveryState,
    DisabledReason,
    EndpointChange,
    Settlement,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)
from gateway.ports.webhook_endpoints import WebhookEndpoints
from gateway.ports.webhook_queue import WebhookQueue
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA, EVE = UserId("usr_" + "a" * 32), UserId("usr_" + "e" * 32)
KEY = Fernet.generate_key().decode()
MADE = GenerationId("gen_" + "1" * 32)
SUCCEEDED, FAILED = WebhookEvent.GENERATION_SUCCEEDED, WebhookEvent.GENERATION_FAILED
OK = Attempt(attempted_at=NOW, duration_ms=12, status=200, response="thanks")
REFUSED = Attempt(attempted_at=NOW, duration_ms=12, status=500, response="no")
DAYS = timedelta(days=3)


class Kept:
    """The two ports over the same rows."""

    def __init__(self, endpoints: WebhookEndpoints, queue: WebhookQueue) -> None:
        self.endpoints, self.queue = endpoints, queue

    async def claim(self, *, at: datetime = NOW, most: int = 10, each: int = 4) -> list[ClaimedDelivery]:
        """Take what is due for a minute."""
        until = at + timedelta(minutes=1)
        claimed = await self.queue.claim(now=at, until=until, count_max=most, per_receiver_max=each)
        return list(claimed)

    async def settle(
        self,
        claimed: ClaimedDelivery,
        attempt: Attempt = OK,
        *,
        state: DeliveryState = DeliveryState.SUCCEEDED,
        again: datetime | None = None,
        at: datetime = NOW,
    ) -> bool:
        """Keep what came of it."""
        settlement = Settlement(state=state, next_attempt_at=again)
        return await self.queue.settle(claimed, attempt, settlement, now=at, failing_max=DAYS)

    async def fails(self, claimed: ClaimedDelivery, *, at: datetime) -> None:
        """An attempt fails, and another one follows at once."""
        await self.settle(claimed, REFUSED, state=DeliveryState.PENDING, again=at, at=at)


@pytest.fixture(params=["memory", "postgres"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    """Every implementation in turn."""
    if request.param == "memory":
        both = MemoryWebhooks()
        yield Kept(both, both)
        return
    clone: Callable[[str], ServiceDatabase] = request.getfixturevalue("service_database")
    engine, box = create_engine(clone("gateway").url), WebhookSecretBox([KEY])
    yield Kept(PostgresWebhookEndpoints(engine, box), PostgresWebhookQueue(engine, box))
    await engine.dispose()


def an_endpoint(number: int = 1, *, account: AccountId = ADA, **other: object) -> WebhookEndpoint:
    """An endpoint of Ada's for what succeeds and fails."""
    endpoint = WebhookEndpoint(
        endpoint_id=WebhookEndpointId(f"whe_{number:032x}"),
        account_id=account,
        url=f"https://receiver.example/{number}",
        event_types=frozenset({SUCCEEDED, FAILED}),
        description="Web shop",
        created_at=NOW,
    )
    return replace(endpoint, **other)  # type: ignore[arg-type]


def a_message(number: int = 1, *, account: AccountId = ADA, **other: object) -> WebhookMessage:
    """A generation of Ada's succeeded."""
    message = WebhookMessage(
        message_id=MessageId(f"msg_{number:032x}"),
        account_id=account,
        event_type=SUCCEEDED,
        payload=f'{{"n":{number}}}',
    )
    return replace(message, **other)  # type: ignore[arg-type]


async def told(kept: Kept, number: int = 1, **other: object) -> int:
    """A fact is heard."""
    return await kept.queue.record(FactId(f"evt_{number}"), a_message(number, **other), now=NOW)  # type: ignore[arg-type]


async def log_of(kept: Kept, endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    """The newest deliveries to it."""
    page = await kept.endpoints.deliveries(endpoint.account_id, endpoint.endpoint_id, cursor=None, limit=100)
    return list(page.items)


async def test_an_endpoint_is_kept_changed_and_removed(kept: Kept) -> None:
    """Each account sees its own, the newest first."""
    first, second, eves = an_endpoint(1), an_endpoint(2), an_endpoint(3, account=EVE)
    for endpoint in (first, second, eves):
        await kept.endpoints.add(endpoint, "whsec_AAAA")
    assert await kept.endpoints.endpoints(ADA) == [second, first]
    changed = await kept.endpoints.change(
        ADA,
        first.endpoint_id,
        EndpointChange(url="https://new.example/", event_types=frozenset({FAILED}), description=""),
        now=NOW,
    )
    expected = replace(first, url="https://new.example/", event_types=frozenset({FAILED}), description="")
    assert changed == await kept.endpoints.endpoint(ADA, first.endpoint_id) == expected
    await kept.endpoints.remove(ADA, first.endpoint_id)
    assert await kept.endpoints.endpoints(ADA) == [second]


async def test_it_is_turned_off_and_on(kept: Kept) -> None:
    """Off, it is sent nothing; on again, it has never failed."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    off = await kept.endpoints.change(ADA, an_endpoint().endpoint_id, EndpointChange(enabled=False), now=NOW)
    assert (off.disabled_reason, off.disabled_at) == (DisabledReason.OWNER, NOW)
    assert await told(kept) == 0
    later = NOW + timedelta(hours=1)
    again = await kept.endpoints.change(ADA, off.endpoint_id, EndpointChange(enabled=False), now=later)
    assert again.disabled_at == NOW
    on = await kept.endpoints.change(ADA, off.endpoint_id, EndpointChange(enabled=True), now=later)
    assert on == an_endpoint()
    assert await told(kept) == 1


async def test_anothers_endpoint_is_absent(kept: Kept) -> None:
    """Whatever is asked of it; and nothing of it changes."""
    endpoint = an_endpoint()
    await kept.endpoints.add(endpoint, "whsec_AAAA")
    await told(kept)
    (delivery,) = await log_of(kept, endpoint)
    gone = endpoint.endpoint_id
    forged = replace(delivery, delivery_id=DeliveryId("dlv_" + "f" * 32), account_id=EVE)
    for asked in (
        kept.endpoints.endpoint(EVE, gone),
        kept.endpoints.change(EVE, gone, EndpointChange(enabled=False), now=NOW),
        kept.endpoints.remove(EVE, gone),
        kept.endpoints.rotate(EVE, gone, fresh="whsec_BBBB", now=NOW),
        kept.endpoints.deliveries(EVE, gone, cursor=None, limit=1),
        kept.endpoints.redeliver(EVE, gone, delivery.delivery_id, now=NOW),
        kept.endpoints.add_delivery(forged),
    ):
        with pytest.raises(NotFound) as refused:
            await asked
        assert refused.value.reason == "WEBHOOK_ENDPOINT_NOT_FOUND"
    assert await kept.endpoints.endpoint(ADA, gone) == endpoint
    assert await log_of(kept, endpoint) == [delivery]


async def test_there_are_so_many_at_most(kept: Kept) -> None:
    """Of two that come at once, only one is the last; another account has its own bound."""
    for number in range(ENDPOINTS_MAX - 1):
        await kept.endpoints.add(an_endpoint(number), "whsec_AAAA")
    answers = await asyncio.gather(
        *(kept.endpoints.add(an_endpoint(number), "whsec_AAAA") for number in (100, 101)),
        return_exceptions=True,
    )
    (refused,) = [answer for answer in answers if answer is not None]
    assert isinstance(refused, Conflict)
    assert refused.reason == "TOO_MANY_WEBHOOK_ENDPOINTS"
    assert len(await kept.endpoints.endpoints(ADA)) == ENDPOINTS_MAX
    await kept.endpoints.add(an_endpoint(200, account=EVE), "whsec_AAAA")


async def test_a_message_goes_to_whoever_wants_it(kept: Kept) -> None:
    """To each of the account's endpoints that asked for its kind, under one id."""
    wanting, other, eves = (
        an_endpoint(1),
        an_endpoint(2, event_types=frozenset({FAILED})),
        an_endpoint(3, account=EVE),
    )
    for endpoint in (wanting, other, eves):
        await kept.endpoints.add(endpoint, "whsec_AAAA")
    assert await told(kept) == 1
    (claimed,) = await kept.claim()
    assert claimed.delivery.message_id == a_message().message_id
    assert (claimed.delivery.endpoint_id, claimed.delivery.url) == (wanting.endpoint_id, wanting.url)
    assert claimed.secrets is not None
    assert claimed.secrets.at(NOW) == ("whsec_AAAA",)
    assert (claimed.delivery.attempts, claimed.is_wanted) == (1, True)


async def test_a_fact_that_comes_again_sends_nothing(kept: Kept) -> None:
    """Once, and at the same moment too."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    counts = await asyncio.gather(told(kept), told(kept), told(kept))
    assert sorted(counts) == [0, 0, 1]
    assert len(await log_of(kept, an_endpoint())) == 1


async def test_a_delivery_is_one_process_at_a_time(kept: Kept) -> None:
    """Of several that claim at once each gets others; what is taken is free again when its time is over."""
    for number in range(1, 7):
        await kept.endpoints.add(an_endpoint(number), "whsec_AAAA")
    assert await told(kept) == 6
    parts = await asyncio.gather(kept.claim(most=3), kept.claim(most=3), kept.claim(most=3))
    taken = [claimed.delivery.delivery_id for part in parts for claimed in part]
    rest = [claimed.delivery.delivery_id for claimed in await kept.claim()]
    assert sorted(taken + rest) == sorted(set(taken + rest))
    assert len(taken + rest) == 6
    assert await kept.claim() == []
    assert len(await kept.claim(at=NOW + timedelta(minutes=1))) == 6


async def test_what_a_dead_process_had_taken_is_tried_again(kept: Kept) -> None:
    """Its attempt counts, and what it says when it was only slow does not."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await told(kept)
    (slow,) = await kept.claim()
    (quick,) = await kept.claim(at=NOW + timedelta(minutes=2))
    assert (slow.delivery.attempts, quick.delivery.attempts) == (1, 2)
    assert not await kept.settle(slow, REFUSED, state=DeliveryState.FAILED)
    assert await kept.settle(quick)
    assert not await kept.settle(quick, REFUSED, state=DeliveryState.FAILED)
    (delivery,) = await log_of(kept, an_endpoint())
    assert (delivery.state, delivery.attempts, delivery.last_attempt) == (DeliveryState.SUCCEEDED, 2, OK)


async def test_one_receiver_takes_no_more_than_its_share(kept: Kept) -> None:
    """However much waits for it, and whoever else claims: the others' turn comes at once."""
    slow, quick = an_endpoint(1), an_endpoint(2, event_types=frozenset({WebhookEvent.CREDITS_LOW}))
    await kept.endpoints.add(slow, "whsec_AAAA")
    await kept.endpoints.add(quick, "whsec_AAAA")
    for number in range(10):
        await told(kept, number)
    await told(kept, 99, event_type=WebhookEvent.CREDITS_LOW)
    first = await kept.claim(each=2)
    receivers = [claimed.delivery.endpoint_id for claimed in first]
    assert sorted(receivers, key=str) == [slow.endpoint_id, slow.endpoint_id, quick.endpoint_id]
    assert await kept.claim(each=2) == []
    done = next(claimed for claimed in first if claimed.delivery.endpoint_id == slow.endpoint_id)
    await kept.settle(done)
    assert [claimed.delivery.endpoint_id for claimed in await kept.claim(each=2)] == [slow.endpoint_id]


async def test_what_is_not_due_waits(kept: Kept) -> None:
    """Until then, and the log says when."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await told(kept)
    (claimed,) = await kept.claim()
    again = NOW + timedelta(minutes=5)
    await kept.settle(claimed, REFUSED, state=DeliveryState.PENDING, again=again)
    (delivery,) = await log_of(kept, an_endpoint())
    assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.PENDING, again)
    assert delivery.last_attempt == REFUSED
    assert await kept.claim(at=again - timedelta(seconds=1)) == []
    assert len(await kept.claim(at=again)) == 1


async def test_a_change_of_address_counts_for_what_waits(kept: Kept) -> None:
    """An endpoint that moved gets there what did not arrive."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await told(kept)
    moved = EndpointChange(url="https://moved.example/")
    await kept.endpoints.change(ADA, an_endpoint().endpoint_id, moved, now=NOW)
    (claimed,) = await kept.claim()
    assert claimed.delivery.url == "https://moved.example/"


async def test_nothing_of_a_removed_endpoint_is_sent(kept: Kept) -> None:
    """What waited goes with it; one that was turned off meanwhile is told apart."""
    await kept.endpoints.add(an_endpoint(1), "whsec_AAAA")
    await kept.endpoints.add(an_endpoint(2), "whsec_AAAA")
    await told(kept)
    await kept.endpoints.remove(ADA, an_endpoint(1).endpoint_id)
    await kept.endpoints.change(ADA, an_endpoint(2).endpoint_id, EndpointChange(enabled=False), now=NOW)
    (claimed,) = await kept.claim()
    assert (claimed.delivery.endpoint_id, claimed.is_wanted) == (an_endpoint(2).endpoint_id, False)


async def test_both_secrets_sign_for_a_day(kept: Kept) -> None:
    """After a rotation the new one signs first; a second rotation drops the oldest."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await told(kept)
    await kept.endpoints.rotate(ADA, an_endpoint().endpoint_id, fresh="whsec_BBBB", now=NOW)
    (claimed,) = await kept.claim()
    assert claimed.secrets is not None
    assert claimed.secrets.at(NOW) == ("whsec_BBBB", "whsec_AAAA")
    assert claimed.secrets.at(NOW + timedelta(hours=24)) == ("whsec_BBBB",)
    await kept.endpoints.rotate(ADA, an_endpoint().endpoint_id, fresh="whsec_CCCC", now=NOW)
    (claimed,) = await kept.claim(at=NOW + timedelta(minutes=1))
    assert claimed.secrets is not None
    assert claimed.secrets.at(NOW) == ("whsec_CCCC", "whsec_BBBB")


async def test_an_account_has_one_secret_for_its_requests(kept: Kept) -> None:
    """Made when it is first needed, the same after that, and rotated as others are."""
    assert (await kept.endpoints.account_secrets(ADA, fresh="whsec_AAAA")).current == "whsec_AAAA"
    assert (await kept.endpoints.account_secrets(ADA, fresh="whsec_BBBB")).current == "whsec_AAAA"
    assert (await kept.endpoints.account_secrets(EVE, fresh="whsec_EEEE")).current == "whsec_EEEE"
    rotated = await kept.endpoints.rotate_account_secret(ADA, fresh="whsec_CCCC", now=NOW)
    assert rotated.at(NOW) == ("whsec_CCCC", "whsec_AAAA")
    assert await kept.endpoints.account_secrets(ADA, fresh="whsec_DDDD") == rotated
    fresh = await kept.endpoints.rotate_account_secret(UserId("usr_" + "b" * 32), fresh="whsec_FFFF", now=NOW)
    assert fresh.at(NOW) == ("whsec_FFFF",)


def a_callback(number: int = 1, **other: object) -> Callback:
    """One request of Ada's has a webhook of its own."""
    callback = Callback(
        callback_id=CallbackId(f"whc_{number:032x}"),
        account_id=ADA,
        url="https://once.example/hook",
        event_types=frozenset({SUCCEEDED}),
        created_at=NOW,
    )
    return replace(callback, **other)  # type: ignore[arg-type]


async def test_the_webhook_of_one_request_is_told(kept: Kept) -> None:
    """Signed by the account's secret, of what it asked for, beside the endpoints; another's is nobody's."""
    callback = a_callback()
    await kept.endpoints.keep_callback(callback, fresh="whsec_AAAA")
    await kept.endpoints.keep_callback(callback, fresh="whsec_BBBB")
    await kept.endpoints.add(an_endpoint(2, event_types=frozenset({FAILED})), "whsec_CCCC")
    asked = {"generation_id": MADE}
    assert await told(kept, 0, **asked) == 0
    await kept.endpoints.tie_callback(EVE, callback.callback_id, MADE)
    assert await told(kept, 0, **asked) == 0
    for _ in range(2):
        await kept.endpoints.tie_callback(ADA, callback.callback_id, MADE)
    await kept.endpoints.tie_callback(ADA, callback.callback_id, GenerationId("gen_" + "2" * 32))
    await kept.endpoints.add(an_endpoint(), "whsec_CCCC")
    assert await told(kept, 1, **asked, account=EVE) == 0
    assert await told(kept, 2, **asked, event_type=FAILED) == 2
    assert await told(kept, 3, **asked) == 2
    claimed = [each for each in await kept.claim() if each.delivery.endpoint_id is None]
    assert [each.delivery.url for each in claimed] == [callback.url]
    assert claimed[0].secrets is not None
    assert claimed[0].secrets.at(NOW) == ("whsec_AAAA",)
    assert await kept.settle(claimed[0])


async def test_one_message_by_two_ways_is_one_delivery(kept: Kept) -> None:
    """What is told by the fact and by whoever tied it comes once to each."""
    await kept.endpoints.keep_callback(a_callback(), fresh="whsec_AAAA")
    await kept.endpoints.tie_callback(ADA, a_callback().callback_id, MADE)
    await kept.endpoints.add(an_endpoint(), "whsec_CCCC")
    message = a_message(generation_id=MADE)
    counts = [
        await kept.queue.record(FactId(fact), message, now=NOW) for fact in ("evt_1", "tied:whc_1", "evt_1")
    ]
    assert counts == [2, 0, 0]
    assert len(await kept.claim()) == 2


async def test_a_request_that_comes_again_has_the_same_webhook(kept: Kept) -> None:
    """With another one it is another request."""
    await kept.endpoints.keep_callback(a_callback(), fresh="whsec_AAAA")
    with pytest.raises(IdempotencyKeyReused):
        await kept.endpoints.keep_callback(a_callback(url="https://other.example/"), fresh="whsec_AAAA")
    with pytest.raises(IdempotencyKeyReused):
        await kept.endpoints.keep_callback(a_callback(event_types=frozenset({FAILED})), fresh="whsec_AAAA")
    await kept.endpoints.tie_callback(ADA, a_callback().callback_id, MADE)
    assert await told(kept, 1, generation_id=MADE) == 1
    (claimed,) = await kept.claim()
    assert claimed.delivery.url == a_callback().url


async def test_an_endpoint_that_is_gone_is_disabled(kept: Kept) -> None:
    """Its owner is to be told, once; what it is sent later is nothing."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await told(kept)
    (claimed,) = await kept.claim()
    gone = replace(REFUSED, status=410)
    await kept.settle(claimed, gone, state=DeliveryState.FAILED)
    endpoint = await kept.endpoints.endpoint(ADA, an_endpoint().endpoint_id)
    assert (endpoint.disabled_reason, endpoint.disabled_at) == (DisabledReason.GONE, NOW)
    assert await kept.queue.untold(after=None, count_max=5) == [endpoint]
    assert await kept.queue.untold(after=endpoint.endpoint_id, count_max=5) == []
    await kept.queue.mark_told(replace(endpoint, disabled_at=NOW - DAYS))
    assert await kept.queue.untold(after=None, count_max=5) == [endpoint]
    await kept.queue.mark_told(endpoint)
    assert await kept.queue.untold(after=None, count_max=5) == []
    assert await told(kept, 2) == 0


async def test_owners_are_told_page_by_page(kept: Kept) -> None:
    """In the order of the ids, whichever was told; one that is enabled, or was removed, is not among them."""
    for number in range(1, 5):
        await kept.endpoints.add(an_endpoint(number), "whsec_AAAA")
    await told(kept)
    claimed = await kept.claim()
    for each in claimed:
        if each.delivery.endpoint_id != an_endpoint(4).endpoint_id:
            await kept.settle(each, replace(REFUSED, status=410), state=DeliveryState.FAILED)
    first, second, third = (an_endpoint(number).endpoint_id for number in range(1, 4))

    async def untold(after: WebhookEndpointId | None, count_max: int = 5) -> list[WebhookEndpointId]:
        return [end.endpoint_id for end in await kept.queue.untold(after=after, count_max=count_max)]

    assert await untold(None, 2) == [first, second]
    assert await untold(second) == [third]
    await kept.queue.mark_told(await kept.endpoints.endpoint(ADA, second))
    assert await untold(None) == [first, third]
    await kept.endpoints.remove(ADA, first)
    assert await untold(None) == [third]


async def test_an_endpoint_that_fails_for_days_is_disabled(kept: Kept) -> None:
    """Three in a row here; one that arrives begins the count anew, and so does its owner."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await told(kept)
    ids = an_endpoint().endpoint_id

    async def fails(day: float) -> WebhookEndpoint:
        at = NOW + timedelta(days=day)
        (claimed,) = await kept.claim(at=at)
        await kept.fails(claimed, at=at)
        return await kept.endpoints.endpoint(ADA, ids)

    assert (await fails(0)).failing_since == NOW
    assert (await fails(2.9)).is_enabled
    (claimed,) = await kept.claim(at=NOW + timedelta(days=2.95))
    await kept.settle(
        claimed, state=DeliveryState.PENDING, again=NOW + timedelta(days=2.96), at=NOW + timedelta(days=2.95)
    )
    assert (await kept.endpoints.endpoint(ADA, ids)).failing_since is None
    assert (await fails(3)).is_enabled
    assert (await fails(5.9)).is_enabled
    assert (await fails(6)).disabled_reason is DisabledReason.FAILING
    assert [endpoint.endpoint_id for endpoint in await kept.queue.untold(after=None, count_max=5)] == [ids]
    await kept.endpoints.change(ADA, ids, EndpointChange(enabled=True), now=NOW)
    assert await kept.queue.untold(after=None, count_max=5) == []
    assert (await fails(7)).is_enabled


async def test_an_unwanted_delivery_says_nothing_of_its_endpoint(kept: Kept) -> None:
    """What was not even sent is no failure of the receiver's."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await told(kept)
    await kept.endpoints.change(ADA, an_endpoint().endpoint_id, EndpointChange(enabled=False), now=NOW)
    (claimed,) = await kept.claim()
    await kept.endpoints.change(ADA, an_endpoint().endpoint_id, EndpointChange(enabled=True), now=NOW)
    unsent = Attempt(attempted_at=NOW, duration_ms=0, error=AttemptError.ENDPOINT_DISABLED)
    await kept.settle(claimed, unsent, state=DeliveryState.FAILED)
    assert await kept.endpoints.endpoint(ADA, an_endpoint().endpoint_id) == an_endpoint()
    (delivery,) = await log_of(kept, an_endpoint())
    assert delivery.last_attempt == unsent


async def test_the_log_has_parts(kept: Kept) -> None:
    """The newest first, each once, and only this endpoint's."""
    await kept.endpoints.add(an_endpoint(1), "whsec_AAAA")
    await kept.endpoints.add(an_endpoint(2), "whsec_AAAA")
    for number in range(5):
        await told(kept, number)
    seen: list[WebhookDelivery] = []
    cursor = None
    for _ in range(3):
        page = await kept.endpoints.deliveries(ADA, an_endpoint(1).endpoint_id, cursor=cursor, limit=2)
        seen += page.items
        cursor = page.next_cursor
    assert cursor is None
    assert [each.payload for each in seen] == [f'{{"n":{number}}}' for number in (4, 3, 2, 1, 0)]
    assert {each.endpoint_id for each in seen} == {an_endpoint(1).endpoint_id}
    with pytest.raises(InvalidRequest):
        await kept.endpoints.deliveries(ADA, an_endpoint(1).endpoint_id, cursor="x", limit=2)


async def test_a_delivery_is_sent_again(kept: Kept) -> None:
    """From the start, under its id; never while it is being sent, and only by its endpoint."""
    endpoint = an_endpoint()
    await kept.endpoints.add(endpoint, "whsec_AAAA")
    await kept.endpoints.add(an_endpoint(2, event_types=frozenset({FAILED})), "whsec_AAAA")
    await told(kept)
    (claimed,) = await kept.claim()
    delivery_id = claimed.delivery.delivery_id
    with pytest.raises(Conflict) as running:
        await kept.endpoints.redeliver(ADA, endpoint.endpoint_id, delivery_id, now=NOW)
    assert running.value.reason == "WEBHOOK_DELIVERY_RUNNING"
    await kept.settle(claimed, REFUSED, state=DeliveryState.FAILED)
    for asked in (
        kept.endpoints.redeliver(ADA, an_endpoint(2).endpoint_id, delivery_id, now=NOW),
        kept.endpoints.redeliver(ADA, endpoint.endpoint_id, DeliveryId("dlv_" + "0" * 31 + "f"), now=NOW),
    ):
        with pytest.raises(NotFound) as absent:
            await asked
        assert absent.value.reason == "WEBHOOK_DELIVERY_NOT_FOUND"
    assert await kept.claim() == []
    again = await kept.endpoints.redeliver(ADA, endpoint.endpoint_id, delivery_id, now=NOW)
    assert (again.state, again.attempts, again.next_attempt_at) == (DeliveryState.PENDING, 0, NOW)
    (claimed,) = await kept.claim()
    assert (claimed.delivery.message_id, claimed.delivery.attempts) == (a_message().message_id, 1)


async def test_what_ended_long_ago_is_forgotten(kept: Kept) -> None:
    """What waits stays; a part at a time."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await kept.endpoints.keep_callback(a_callback(), fresh="whsec_AAAA")
    for number in range(3):
        await told(kept, number)
    for claimed in (await kept.claim())[:2]:
        await kept.settle(claimed)
    later = NOW + timedelta(seconds=1)
    assert await kept.queue.purge(before=NOW, count_max=10) == 0
    assert await kept.queue.purge(before=later, count_max=1) == 2
    assert await kept.queue.purge(before=later, count_max=10) == 1
    assert await kept.queue.purge(before=later, count_max=10) == 0
    (left,) = await log_of(kept, an_endpoint())
    assert left.state is DeliveryState.PENDING


async def test_an_account_is_forgotten_whole(kept: Kept) -> None:
    """Endpoints, secrets, webhooks of requests and the log; another's stay. Again is no error."""
    for number, account in ((1, ADA), (2, EVE)):
        await kept.endpoints.add(an_endpoint(number, account=account), "whsec_AAAA")
        await kept.endpoints.keep_callback(a_callback(number, account_id=account), fresh="whsec_AAAA")
        made = GenerationId(f"gen_{number:032x}")
        await kept.endpoints.tie_callback(account, a_callback(number).callback_id, made)
        assert await told(kept, number, account=account, generation_id=made) == 2
    for _ in range(2):
        await kept.queue.forget(ADA)
    assert await kept.endpoints.endpoints(ADA) == []
    assert {claimed.delivery.account_id for claimed in await kept.claim()} == {EVE}
    assert (await kept.endpoints.account_secrets(ADA, fresh="whsec_NEWW")).current == "whsec_NEWW"
    assert await told(kept, 3, generation_id=GenerationId(f"gen_{1:032x}")) == 0
    assert await kept.endpoints.endpoints(EVE) == [an_endpoint(2, account=EVE)]


async def test_secrets_are_unreadable_at_rest(engine: AsyncEngine) -> None:
    """The row has no trace of one; without the key nothing is signed, and without any nothing is kept."""
    endpoints = PostgresWebhookEndpoints(engine, WebhookSecretBox([KEY]))
    await endpoints.add(an_endpoint(), "whsec_c2VjcmV0")
    await endpoints.account_secrets(ADA, fresh="whsec_AAAA")
    async with transaction(engine, ADA) as connection:
        row = (await connection.execute(sa.select(webhook_endpoints))).one()
    assert "c2VjcmV0" not in str(row)
    other = WebhookSecretBox([Fernet.generate_key().decode()])
    assert await PostgresWebhookQueue(engine, other).record(FactId("evt_1"), a_message(), now=NOW) == 1
    queue = PostgresWebhookQueue(engine, other)
    (claimed,) = await queue.claim(now=NOW, until=NOW + timedelta(minutes=1), count_max=5, per_receiver_max=5)
    assert claimed.secrets is None
    with pytest.raises(OutOfOrder):
        await PostgresWebhookEndpoints(engine, other).account_secrets(ADA, fresh="whsec_AAAA")
    off = PostgresWebhookEndpoints(engine, WebhookSecretBox([]))
    for asked in (
        off.add(an_endpoint(2), "whsec_AAAA"),
        off.rotate(ADA, an_endpoint().endpoint_id, fresh="whsec_BBBB", now=NOW),
        off.account_secrets(EVE, fresh="whsec_AAAA"),
    ):
        with pytest.raises(Conflict) as refused:
            await asked
        assert refused.value.reason == "WEBHOOKS_OFF"
    assert len(await endpoints.endpoints(ADA)) == 1


async def test_a_key_is_replaced(engine: AsyncEngine) -> None:
    """What the old one sealed opens beside the new one."""
    await PostgresWebhookEndpoints(engine, WebhookSecretBox([KEY])).account_secrets(ADA, fresh="whsec_AAAA")
    both = WebhookSecretBox([Fernet.generate_key().decode(), KEY])
    known = await PostgresWebhookEndpoints(engine, both).account_secrets(ADA, fresh="whsec_BBBB")
    assert known.current == "whsec_AAAA"


async def test_an_account_that_wants_nothing_leaves_no_trace(engine: AsyncEngine) -> None:
    """Most facts concern nobody's webhook: not even that they were heard is kept."""
    queue = PostgresWebhookQueue(engine, WebhookSecretBox([KEY]))
    assert await queue.record(FactId("evt_1"), a_message(), now=NOW) == 0
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(inbox)) == 0


def test_no_secret_shows_in_a_repr() -> None:
    """Logs and tracebacks show what a thing is by its repr."""
    kept = MemoryWebhooks()
    asyncio.run(kept.add(an_endpoint(), "whsec_c2VjcmV0"))
    assert "c2VjcmV0" not in repr(kept)
    assert "c2VjcmV0" not in repr(kept.secrets[an_endpoint().endpoint_id])
    assert '"n":1' not in repr(a_message())
