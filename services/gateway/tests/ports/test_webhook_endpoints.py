"""Endpoints and their secrets: one suite over both keepers of webhooks."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from chassis.postgres import transaction
from cryptography.fernet import Fernet
from gateway.adapters.outbound.memory.webhooks import MemoryWebhooks
from gateway.adapters.outbound.postgres.tables import webhook_endpoints
from gateway.adapters.outbound.postgres.webhook_endpoints import PostgresWebhookEndpoints
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.domain.errors import Conflict, IdempotencyKeyReused, NotFound, OutOfOrder
from gateway.domain.identifiers import (
    DeliveryId,
    FactId,
    GenerationId,
    UserId,
)
from gateway.domain.webhook import (
    ENDPOINTS_MAX,
    SECRET_TOLD_AGAIN,
    DisabledReason,
    EndpointChange,
    RequestMark,
)
from kept_webhooks import (
    ADA,
    EVE,
    FAILED,
    KEY,
    NOW,
    Kept,
    a_callback,
    a_message,
    an_endpoint,
    log_of,
    told,
)
from sqlalchemy.ext.asyncio import AsyncEngine


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
    (refused,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(refused, Conflict)
    assert refused.reason == "TOO_MANY_WEBHOOK_ENDPOINTS"
    assert len(await kept.endpoints.endpoints(ADA)) == ENDPOINTS_MAX
    await kept.endpoints.add(an_endpoint(200, account=EVE), "whsec_AAAA")


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


def test_no_secret_shows_in_a_repr() -> None:
    """Logs and tracebacks show what a thing is by its repr."""
    kept = MemoryWebhooks()
    asyncio.run(kept.add(an_endpoint(), "whsec_c2VjcmV0"))
    assert "c2VjcmV0" not in repr(kept)
    assert "c2VjcmV0" not in repr(kept.secrets[an_endpoint().endpoint_id])
    assert '"n":1' not in repr(a_message())


def marked(key: str = "k", asked: str = "a") -> RequestMark:
    """A request, as it is known again."""
    return RequestMark(key_digest=key, asked_digest=asked)


async def test_a_request_makes_one_endpoint(kept: Kept) -> None:
    """Also when it comes twice at once; its secret is told again, and another account's key is its own."""
    made = await asyncio.gather(
        *(kept.endpoints.add(an_endpoint(n), f"whsec_{n}AAA", mark=marked()) for n in (1, 2))
    )
    (first,) = [each for each in made if not each.is_replayed]
    (again,) = [each for each in made if each.is_replayed]
    assert (again.endpoint, again.secret) == (first.endpoint, first.secret)
    assert await kept.endpoints.endpoints(ADA) == [first.endpoint]
    eves = await kept.endpoints.add(an_endpoint(3, account=EVE), "whsec_CCCC", mark=marked())
    assert not eves.is_replayed
    other = await kept.endpoints.add(an_endpoint(4), "whsec_DDDD", mark=marked("other"))
    assert not other.is_replayed
    assert first.secret not in repr(first)


async def test_a_key_with_something_else_is_refused(kept: Kept) -> None:
    """And nothing is kept."""
    await kept.endpoints.add(an_endpoint(1), "whsec_AAAA", mark=marked())
    with pytest.raises(IdempotencyKeyReused):
        await kept.endpoints.add(an_endpoint(2), "whsec_BBBB", mark=marked(asked="b"))
    assert await kept.endpoints.endpoints(ADA) == [an_endpoint(1)]


async def test_a_secret_is_not_told_for_good(kept: Kept) -> None:
    """After an hour, or once it was replaced, the request finds the endpoint alone."""
    await kept.endpoints.add(an_endpoint(1), "whsec_AAAA", mark=marked())
    late = an_endpoint(2, created_at=NOW + SECRET_TOLD_AGAIN)
    again = await kept.endpoints.add(late, "whsec_BBBB", mark=marked())
    assert (again.endpoint, again.secret, again.is_replayed) == (an_endpoint(1), None, True)
    await kept.endpoints.rotate(ADA, an_endpoint(1).endpoint_id, fresh="whsec_CCCC", now=NOW)
    rotated = await kept.endpoints.add(an_endpoint(3), "whsec_DDDD", mark=marked())
    assert rotated.secret is None


async def test_a_removed_endpoint_frees_its_key(kept: Kept) -> None:
    """The request is a new one then."""
    await kept.endpoints.add(an_endpoint(1), "whsec_AAAA", mark=marked())
    await kept.endpoints.remove(ADA, an_endpoint(1).endpoint_id)
    again = await kept.endpoints.add(an_endpoint(2), "whsec_BBBB", mark=marked())
    assert (again.endpoint, again.is_replayed) == (an_endpoint(2), False)


async def test_another_address_has_never_failed(kept: Kept) -> None:
    """What the old one did says nothing of it; the same address again changes nothing."""
    endpoint = an_endpoint()
    await kept.endpoints.add(endpoint, "whsec_AAAA")
    await told(kept)
    (claimed,) = await kept.claim()
    await kept.fails(claimed, at=NOW)
    same = await kept.endpoints.change(ADA, endpoint.endpoint_id, EndpointChange(url=endpoint.url), now=NOW)
    assert same.failing_since == NOW
    words = await kept.endpoints.change(ADA, endpoint.endpoint_id, EndpointChange(description="x"), now=NOW)
    assert words.failing_since == NOW
    moved = EndpointChange(url="https://new.example/")
    assert (await kept.endpoints.change(ADA, endpoint.endpoint_id, moved, now=NOW)).failing_since is None
