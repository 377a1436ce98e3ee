"""fal's signatures, part by part, and where the keys come from that they are verified by."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from generation.adapters.outbound.providers.fal.key_set import (
    KEEP_S,
    LOOK_AGAIN_S,
    KeySet,
    fetching,
    keys_in,
)
from generation.adapters.outbound.providers.fal.webhook import FalVerifier
from generation.domain.errors import InvalidSignature, InvalidWebhook
from generation.ports.media_provider import ProviderUnavailable
from generation.ports.provider_webhooks import ReceivedWebhook
from provider_profile import host_that_says, said
from standins.fal.signing import key_of, key_set, signed

KEY, NEXT, OTHER = (key_of(text) for text in ("of these tests", "the next", "of somebody else"))
TOLD = json.dumps({"request_id": "r-1", "status": "OK", "payload": {"images": []}}).encode()
USER = "user-1"


class Endpoint:
    """Where the keys are, and how often it was asked; None when it can't be reached."""

    def __init__(self, *keys: Ed25519PrivateKey) -> None:
        self.document: Mapping[str, Any] | None = key_set(*keys)
        self.asked = 0
        self.now = 1_000.0

    async def fetch(self) -> Mapping[str, Any]:
        """Return the keys, once the others have had their turn."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.document is None:
            raise ProviderUnavailable
        return self.document

    def keys(self) -> KeySet:
        """What is kept of it."""
        return KeySet(self.fetch, clock=lambda: self.now)


def received(
    *,
    key: Ed25519PrivateKey = KEY,
    body: bytes = TOLD,
    late_s: float = 0,
    query: Mapping[str, str] = {"app": "fal-ai/flux"},
    **other: str,
) -> ReceivedWebhook:
    """A webhook of now, with `other` headers in place of its own."""
    at = int(time.time() + late_s)
    headers = signed(body, request_id="r-1", user_id=USER, key=key, at=at)
    replaced = {f"x-fal-webhook-{name.replace('_', '-')}": value for name, value in other.items()}
    return ReceivedWebhook(body=body, headers={**headers, **replaced}, query=query)


async def heard(endpoint: Endpoint, webhook: ReceivedWebhook, *, user_id: str | None = None) -> str:
    """The run that it is about."""
    return await FalVerifier(endpoint.keys(), user_id).run_of(webhook)


@pytest.mark.parametrize("late_s", [-290, 0, 290])
async def test_five_minutes_either_way_are_heard(late_s: int) -> None:
    """The run is the one that was submitted, by the app of its address."""
    assert await heard(Endpoint(KEY), received(late_s=late_s)) == "fal-ai/flux/r-1"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "given",
    [
        {"late_s": -310},
        {"late_s": 310},
        {"timestamp": "nan"},
        {"timestamp": "1" * 400},
        {"signature": ""},
        {"signature": "0" * 126},
        {"signature": "é" * 128},
        {"signature": "0" * 100_000},
        {"user_id": "x" * 100_000},
        {"request_id": "", "user_id": "", "timestamp": "", "signature": ""},
    ],
)
async def test_what_can_not_be_true_asks_nobody_for_keys(given: dict[str, Any]) -> None:
    """It is refused for what it looks like."""
    endpoint = Endpoint(KEY)
    with pytest.raises(InvalidSignature):
        await heard(endpoint, received(**given))
    assert endpoint.asked == 0


@pytest.mark.parametrize(
    "given",
    [
        {"key": OTHER},
        {"user_id": "user-2"},
        {"request_id": "r-2"},
        {"signature": "0" * 128},
    ],
)
async def test_another_part_is_another_signature(given: dict[str, Any]) -> None:
    """Each of what is signed counts."""
    with pytest.raises(InvalidSignature):
        await heard(Endpoint(KEY), received(**given))


async def test_another_time_is_another_signature() -> None:
    """An old one can't be made new."""
    with pytest.raises(InvalidSignature):
        await heard(Endpoint(KEY), received(late_s=-200, timestamp=str(int(time.time()))))


async def test_only_our_own_requests_are_heard_where_we_say_who_we_are() -> None:
    """fal signs for everybody with the same keys."""
    assert await heard(Endpoint(KEY), received(), user_id=USER)
    with pytest.raises(InvalidSignature):
        await heard(Endpoint(KEY), received(), user_id="user-2")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"request_id": null}', b'{"request_id": "a/b"}'])
async def test_what_is_signed_and_about_no_request(body: bytes) -> None:
    """It is refused, and nothing of it raises anything else."""
    with pytest.raises(InvalidWebhook):
        await heard(Endpoint(KEY), received(body=body))


@pytest.mark.parametrize("app", ["", "flux", "a/b/c", "../x", "a/b?c"])
async def test_an_address_without_an_app(app: str) -> None:
    """There is no such run."""
    with pytest.raises(InvalidWebhook):
        await heard(Endpoint(KEY), received(query={"app": app}))


async def verified(endpoint: Endpoint, keys: KeySet, key: Ed25519PrivateKey) -> bool:
    """Whether a signature of this key is one."""
    return await keys.verifies(key.sign(b"message"), b"message")


async def test_keys_are_fetched_once_and_kept_for_a_day() -> None:
    """However many webhooks come, at once or one after another."""
    endpoint = Endpoint(KEY)
    keys = endpoint.keys()
    assert all(await asyncio.gather(*(verified(endpoint, keys, KEY) for _ in range(20))))
    endpoint.now += KEEP_S - 1
    assert await verified(endpoint, keys, KEY)
    assert endpoint.asked == 1
    endpoint.now += 2
    assert await verified(endpoint, keys, KEY)
    assert endpoint.asked == 2


async def test_a_new_key_is_found_when_it_is_used() -> None:
    """And the old one is none any more."""
    endpoint = Endpoint(KEY)
    keys = endpoint.keys()
    assert await verified(endpoint, keys, KEY)
    endpoint.document = key_set(NEXT)
    endpoint.now += LOOK_AGAIN_S
    assert await verified(endpoint, keys, NEXT)
    assert not await verified(endpoint, keys, KEY)


async def test_forgers_do_not_make_us_fetch() -> None:
    """A hundred of them, once a minute; a true one is heard all the while."""
    endpoint = Endpoint(KEY)
    keys = endpoint.keys()
    for _ in range(3):
        outcomes = await asyncio.gather(*(verified(endpoint, keys, OTHER) for _ in range(100)))
        assert not any(outcomes)
        assert await verified(endpoint, keys, KEY)
    assert endpoint.asked == 1
    endpoint.now += LOOK_AGAIN_S
    assert not await verified(endpoint, keys, OTHER)
    assert endpoint.asked == 2


@pytest.mark.parametrize("document", [None, {}, {"keys": []}, {"keys": 7}])
async def test_keys_that_can_not_be_had_verify_nothing(document: Mapping[str, Any] | None) -> None:
    """No answer is no yes; a minute later it is asked again."""
    endpoint = Endpoint()
    endpoint.document = document
    keys = endpoint.keys()
    assert not await verified(endpoint, keys, KEY)
    assert not await verified(endpoint, keys, KEY)
    assert endpoint.asked == 1
    endpoint.document = key_set(KEY)
    endpoint.now += LOOK_AGAIN_S
    assert await verified(endpoint, keys, KEY)


async def test_an_endpoint_that_is_away_takes_no_key_away() -> None:
    """Until the keys are too old: then nothing is verified by them."""
    endpoint = Endpoint(KEY)
    keys = endpoint.keys()
    assert await verified(endpoint, keys, KEY)
    endpoint.document = None
    endpoint.now += LOOK_AGAIN_S
    assert not await verified(endpoint, keys, OTHER)
    assert await verified(endpoint, keys, KEY)
    endpoint.now += KEEP_S
    assert not await verified(endpoint, keys, KEY)


def test_only_keys_are_keys() -> None:
    """Another curve, another kind, half a key and nonsense are passed over; there is an end to them."""
    good = key_set(KEY)["keys"][0]
    odd = [None, 7, {}, {**good, "crv": "X25519"}, {**good, "kty": "RSA"}, {**good, "x": "AAAA"}]
    odd += [{**good, "x": "é" * 43}, {**good, "x": None}]
    assert len(keys_in({"keys": [*odd, good]})) == 1
    assert len(keys_in({"keys": [good] * 1_000})) == 16


@pytest.mark.server
@pytest.mark.parametrize(
    "answer", [said(500), said(302, location="http://127.0.0.1:9/"), said(200, b"<html>"), b"", said(404)]
)
async def test_an_endpoint_that_makes_no_sense(answer: bytes) -> None:
    """It is asked once, and what it said is no key set."""
    async with host_that_says(answer) as host:
        with pytest.raises(ProviderUnavailable):
            await fetching(f"{host.url}/.well-known/jwks.json")()
        assert host.requests == 1
