"""Both clients keep webhook endpoints: what each call does, and what is not done twice."""

from typing import Any

import httpx
import pytest
from client_world import LOST, Network, ask
from gateway.domain.generation import GenerationStatus
from gateway_world import SKETCH, Door
from tintype_client import (
    ApiError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    IdempotencyKeyReused,
    InvalidRequest,
    NewWebhookEndpoint,
    NotFound,
)

URL = "https://shop.example/tintype"
EVENTS = ["generation.succeeded", "credits.low"]
NOWHERE = "whe_" + "0" * 32


async def made(client: Any, **more: Any) -> NewWebhookEndpoint:
    """A new endpoint."""
    endpoint: NewWebhookEndpoint = await ask(client.webhooks, "create", URL, EVENTS, **more)
    return endpoint


async def test_an_endpoint_from_its_beginning_to_its_end(client: Any) -> None:
    """Made, listed, read, changed, turned off and on, removed."""
    endpoint = await made(client, description="Shop")
    assert endpoint.secret.startswith("whsec_")
    assert (endpoint.url, set(endpoint.event_types), endpoint.enabled) == (URL, set(EVENTS), True)
    assert [each.id for each in await ask(client.webhooks, "list")] == [endpoint.id]
    assert (await ask(client.webhooks, "get", endpoint.id)).description == "Shop"
    changed = await ask(
        client.webhooks, "update", endpoint.id, url=f"{URL}/2", event_types=("credits.low",), enabled=False
    )
    assert (changed.url, changed.event_types, changed.disabled_reason) == (
        f"{URL}/2",
        ("credits.low",),
        "owner",
    )
    assert changed.description == "Shop"
    assert (await ask(client.webhooks, "update", endpoint.id, enabled=True)).enabled
    await ask(client.webhooks, "delete", endpoint.id)
    with pytest.raises(NotFound):
        await ask(client.webhooks, "get", endpoint.id)
    assert await ask(client.webhooks, "list") == ()


async def test_the_log(client: Any) -> None:
    """A test is in it, part after part, and is sent again."""
    endpoint = await made(client)
    sent = [await ask(client.webhooks, "test", endpoint.id) for _ in range(3)]
    listed = await ask(client.webhooks, "deliveries", endpoint.id, page_size=2)
    assert {each.id for each in listed} == {each.id for each in sent}
    assert {each.event_type for each in listed} == {"webhook.test"}
    assert listed[0].request_body not in repr(listed[0])
    again = await ask(client.webhooks, "redeliver", endpoint.id, sent[0].id)
    assert (again.id, again.message_id, again.status) == (sent[0].id, sent[0].message_id, "pending")
    with pytest.raises(NotFound):
        await ask(client.webhooks, "redeliver", endpoint.id, "dlv_" + "0" * 32)
    with pytest.raises(NotFound):
        await ask(client.webhooks, "deliveries", NOWHERE)


async def test_a_lost_answer_makes_no_second_endpoint(client: Any, network: Network) -> None:
    """The call is repeated with its key, and has the secret after all."""
    network.trouble = [LOST]
    endpoint = await made(client)
    assert len(network.seen) == 2
    (kept,) = network.door.world.webhooks.secrets.values()
    assert endpoint.secret == kept.current
    again = await made(client, idempotency_key="mine")
    assert (await made(client, idempotency_key="mine")).id == again.id != endpoint.id
    with pytest.raises(IdempotencyKeyReused):
        await ask(client.webhooks, "create", URL, ["credits.low"], idempotency_key="mine")


@pytest.mark.exhaustive
@pytest.mark.parametrize("call", ["rotate_secret", "test", "rotate_signing_secret"])
@pytest.mark.parametrize("trouble", [LOST, 503], ids=["lost", "503"])
async def test_what_would_be_done_twice_is_not_repeated(
    client: Any, network: Network, call: str, trouble: Any
) -> None:
    """A second rotation would end the secret that receivers have."""
    endpoint = await made(client)
    network.seen.clear()
    network.trouble = [httpx.Response(trouble, json={}) if trouble == 503 else trouble]
    args = () if call == "rotate_signing_secret" else (endpoint.id,)
    with pytest.raises(ApiError if trouble == 503 else ConnectionFailed):
        await ask(client.webhooks, call, *args)
    assert len(network.seen) == 1


async def test_what_was_turned_away_is_sent_again(client: Any, network: Network) -> None:
    """Of 429 it is known that nothing was done."""
    endpoint = await made(client)
    network.trouble = [httpx.Response(429, json={}, headers={"Retry-After": "0"})]
    rotated = await ask(client.webhooks, "rotate_secret", endpoint.id)
    assert rotated.secret != endpoint.secret


async def test_secrets(client: Any) -> None:
    """A new one replaces the old one; no repr shows any."""
    endpoint = await made(client)
    rotated = await ask(client.webhooks, "rotate_secret", endpoint.id)
    assert rotated.id == endpoint.id
    assert rotated.secret != endpoint.secret
    assert "whsec_" not in f"{endpoint!r} {rotated!r}"
    own = await ask(client.webhooks, "signing_secret")
    assert (await ask(client.webhooks, "signing_secret")).secret == own.secret
    fresh = await ask(client.webhooks, "rotate_signing_secret")
    assert fresh.secret != own.secret
    assert fresh.previous_until is not None
    assert "whsec_" not in repr(fresh)


async def test_what_is_refused(client: Any, door: Door) -> None:
    """Each by its class, and nothing is kept."""
    with pytest.raises(InvalidRequest) as refused:
        await ask(client.webhooks, "create", "http://shop.example", EVENTS)
    assert [wrong.field for wrong in refused.value.errors] == ["url"]
    with pytest.raises(InvalidRequest):
        await ask(client.webhooks, "create", URL, [])
    for _ in range(20):
        await made(client)
    with pytest.raises(Conflict):
        await made(client)
    door.clock.pass_(minutes=11)
    with pytest.raises(Forbidden) as late:
        await made(client)
    assert late.value.reason == "STEP_UP_REQUIRED"
    assert len(door.world.webhooks.kept) == 20


async def test_the_log_of_single_requests(client: Any, door: Door) -> None:
    """What one generation's webhook was sent, and again; another's is not in it."""
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    first, other = [
        (await ask(client, "submit", SKETCH, prompt="a heron", webhook_url=URL)).id for _ in range(2)
    ]
    ends = ["generation.failed"]
    await ask(client, "submit", SKETCH, prompt="a heron", webhook_url=URL, webhook_events=ends)
    everything = await ask(client.webhooks, "request_deliveries", page_size=1)
    assert [each.generation_id for each in everything] == [other, first]
    (sent,) = await ask(client.webhooks, "request_deliveries", generation_id=first)
    assert (sent.url, sent.event_type, sent.status) == (URL, "generation.succeeded", "pending")
    again = await ask(client.webhooks, "redeliver_request", sent.id)
    assert (again.id, again.generation_id) == (sent.id, first)
    with pytest.raises(NotFound):
        await ask(client.webhooks, "redeliver_request", "dlv_" + "0" * 32)
