"""Webhooks of single requests: one suite over both keepers of webhooks."""

import pytest
from gateway.domain.errors import Conflict, IdempotencyKeyReused, InvalidRequest, NotFound
from gateway.domain.identifiers import (
    DeliveryId,
    FactId,
    GenerationId,
)
from gateway.domain.webhook import DeliveryState
from kept_webhooks import (
    ADA,
    EVE,
    FAILED,
    MADE,
    NOW,
    REFUSED,
    Kept,
    a_callback,
    a_message,
    an_endpoint,
    log_of,
    told,
)


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


async def asked(kept: Kept, number: int) -> GenerationId:
    """A request of Ada's whose generation has ended."""
    made = GenerationId(f"gen_{number:032x}")
    callback = a_callback(number, url=f"https://once.example/{number}")
    await kept.endpoints.keep_callback(callback, fresh="whsec_AAAA")
    await kept.endpoints.tie_callback(ADA, callback.callback_id, made)
    await told(kept, number, generation_id=made)
    return made


async def test_single_requests_have_a_log(kept: Kept) -> None:
    """Newest first, part after part, of one generation or all; endpoints have theirs, and another hers."""
    await kept.endpoints.add(an_endpoint(), "whsec_CCCC")
    made = [await asked(kept, number) for number in range(3)]
    newest = await kept.endpoints.deliveries(ADA, None, cursor=None, limit=2)
    oldest = await kept.endpoints.deliveries(ADA, None, cursor=newest.next_cursor, limit=2)
    logged = [*newest.items, *oldest.items]
    assert oldest.next_cursor is None
    assert sorted(str(each.generation_id) for each in logged) == sorted(made)
    assert [each.delivery_id for each in logged] == sorted(
        (each.delivery_id for each in logged), reverse=True
    )
    assert {each.endpoint_id for each in logged} == {None}
    (of_one,) = (
        await kept.endpoints.deliveries(ADA, None, generation_id=made[1], cursor=None, limit=9)
    ).items
    assert (of_one.url, of_one.generation_id) == ("https://once.example/1", made[1])
    assert len(await log_of(kept, an_endpoint())) == 3
    assert (await kept.endpoints.deliveries(EVE, None, cursor=None, limit=9)).items == []
    with pytest.raises(InvalidRequest):
        await kept.endpoints.deliveries(ADA, None, cursor="no cursor", limit=9)


async def test_the_webhook_of_a_request_is_sent_again(kept: Kept) -> None:
    """With the same id and body, from the start; not while it is tried, not an endpoint's, not by another."""
    await kept.endpoints.add(an_endpoint(), "whsec_CCCC")
    made = await asked(kept, 1)
    (sent,) = (await kept.endpoints.deliveries(ADA, None, cursor=None, limit=9)).items
    claimed = next(each for each in await kept.claim() if each.delivery.endpoint_id is None)
    with pytest.raises(Conflict):
        await kept.endpoints.redeliver(ADA, None, sent.delivery_id, now=NOW)
    await kept.settle(claimed, REFUSED, state=DeliveryState.FAILED)
    for who, which in (
        (EVE, sent.delivery_id),
        (ADA, (await log_of(kept, an_endpoint()))[0].delivery_id),
        (ADA, DeliveryId("dlv_" + "0" * 32)),
    ):
        with pytest.raises(NotFound):
            await kept.endpoints.redeliver(who, None, which, now=NOW)
    with pytest.raises(NotFound):
        await kept.endpoints.redeliver(ADA, an_endpoint().endpoint_id, sent.delivery_id, now=NOW)
    again = await kept.endpoints.redeliver(ADA, None, sent.delivery_id, now=NOW)
    assert (again.message_id, again.payload, again.generation_id) == (sent.message_id, sent.payload, made)
    assert (again.state, again.attempts) == (DeliveryState.PENDING, 0)
    (retried,) = await kept.claim()
    assert retried.delivery.delivery_id == sent.delivery_id
    assert retried.secrets is not None
