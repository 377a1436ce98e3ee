"""Webhooks of single requests: one suite over both keepers of webhooks."""

import pytest
from gateway.domain.errors import IdempotencyKeyReused
from gateway.domain.identifiers import (
    FactId,
    GenerationId,
)
from kept_webhooks import (
    ADA,
    EVE,
    FAILED,
    MADE,
    NOW,
    Kept,
    a_callback,
    a_message,
    an_endpoint,
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
