"""Deliveries, from the fact to their end: one suite over both keepers of webhooks."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from gateway.adapters.outbound.postgres.tables import inbox
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.domain.errors import Conflict, InvalidRequest, NotFound
from gateway.domain.identifiers import (
    DeliveryId,
    FactId,
    WebhookEndpointId,
)
from gateway.domain.webhook import (
    Attempt,
    AttemptError,
    DeliveryState,
    DisabledReason,
    EndpointChange,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from kept_webhooks import (
    ADA,
    DAYS,
    EVE,
    FAILED,
    KEY,
    MADE,
    NOW,
    OK,
    REFUSED,
    Kept,
    a_callback,
    a_message,
    an_endpoint,
    log_of,
    told,
)
from sqlalchemy.ext.asyncio import AsyncEngine


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


async def test_what_was_sent_again_is_not_forgotten(kept: Kept) -> None:
    """With the webhook of the request that it is of: until both are old once more."""
    callback, later = a_callback(), NOW + timedelta(seconds=1)
    await kept.endpoints.keep_callback(callback, fresh="whsec_AAAA")
    await kept.endpoints.tie_callback(ADA, callback.callback_id, MADE)
    assert await told(kept, generation_id=MADE) == 1
    (claimed,) = await kept.claim()
    await kept.settle(claimed)
    delivery_id = claimed.delivery.delivery_id
    await kept.endpoints.redeliver(ADA, None, delivery_id, now=later)
    assert await kept.queue.purge(before=later, count_max=10) == 0
    (again,) = await kept.claim(at=later)
    assert (again.delivery.delivery_id, again.delivery.url) == (delivery_id, callback.url)
    await kept.settle(again, at=later)
    assert await kept.queue.purge(before=later, count_max=10) == 0
    (logged,) = (await kept.endpoints.deliveries(ADA, None, cursor=None, limit=10)).items
    assert logged.generation_id == MADE
    assert await kept.queue.purge(before=later + timedelta(seconds=1), count_max=10) == 2


async def test_an_account_that_wants_nothing_leaves_no_trace(engine: AsyncEngine) -> None:
    """Most facts concern nobody's webhook: not even that they were heard is kept."""
    queue = PostgresWebhookQueue(engine, WebhookSecretBox([KEY]))
    assert await queue.record(FactId("evt_1"), a_message(), now=NOW) == 0
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(inbox)) == 0
