"""BabySea's signatures and ComfyDeploy's addresses, part by part."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from generation.adapters.outbound.providers.babysea import webhook as babysea
from generation.adapters.outbound.providers.comfydeploy import webhook as comfydeploy
from generation.domain.errors import InvalidSignature, InvalidWebhook
from generation.domain.identifiers import AttemptId
from generation.ports.provider_webhooks import ReceivedWebhook
from pydantic import SecretStr, ValidationError

SECRET = SecretStr("whsec_of_these_tests")
TOLD = json.dumps(
    {"webhook_event": "generation.completed", "webhook_data": {"generation_id": "g-1"}}
).encode()
HEADER = "x-babysea-signature"


def digest(at: str, body: bytes = TOLD, *, key: str = SECRET.get_secret_value()) -> str:
    """As BabySea signs: the whole secret is the key."""
    return hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def received(header: str | None, body: bytes = TOLD) -> ReceivedWebhook:
    """A webhook with this signature."""
    return ReceivedWebhook(body=body, headers={} if header is None else {HEADER: header}, query={})


def at(seconds: float = 0) -> str:
    """A moment, as it is signed."""
    return str(int(time.time() + seconds))


VERIFIER = babysea.BabySeaVerifier(SECRET)


@pytest.mark.parametrize("late_s", [-290, 0, 290])
async def test_five_minutes_either_way_are_heard(late_s: int) -> None:
    """Clocks differ, and a webhook is tried again for a minute and more."""
    moment = at(late_s)
    assert await VERIFIER.run_of(received(f"t={moment},v1={digest(moment)}")) == "g-1"


async def test_one_of_several_signatures_is_enough() -> None:
    """As while a secret is changed; spaces between them mean nothing."""
    moment = at()
    header = f"t={moment}, v1={'0' * 64}, v1={digest(moment)}"
    assert await VERIFIER.run_of(received(header)) == "g-1"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t={now}",
        "v1={good}",
        "t=,v1={good}",
        "t={now},v1=",
        "t={now},v1={good}0",
        "t={now},v1={other}",
        "t={now},v1={without}",
        "t={old},v1={of_old}",
        "t={early},v1={of_early}",
        "t={now},v0={good}",
        "t={now}.5,v1={good}",
        "t=-{now},v1={good}",
        "t=nan,v1={good}",
        "t={now},v1=" + "é" * 64,
        "t={now},v1={good},t={now}",
        "t={now}" + ",v1=" + "0" * 64 + (",v1=" + "0" * 64) * 1_000,
    ],
)
async def test_anything_else_is_refused(header: str | None) -> None:
    """Another key, the key without its prefix, another time, and what is no signature at all."""
    now, old, early = at(), at(-301), at(310)
    words = {
        "now": now,
        "good": digest(now),
        "other": digest(now, key="whsec_another"),
        "without": digest(now, key=SECRET.get_secret_value().removeprefix("whsec_")),
        "old": old,
        "of_old": digest(old),
        "early": early,
        "of_early": digest(early),
    }
    with pytest.raises(InvalidSignature):
        await VERIFIER.run_of(received(header.format(**words) if header else header))


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"webhook_data": null}',
        b'{"webhook_data": {"generation_id": 7}}',
        b'{"webhook_data": {"generation_id": "../cancel"}}',
        b'{"webhook_event": "credits.low_balance", "webhook_data": {"current_balance": 1}}',
    ],
)
async def test_what_is_signed_and_about_no_generation(body: bytes) -> None:
    """It is refused, and nothing of it raises anything else."""
    moment = at()
    with pytest.raises(InvalidWebhook):
        await VERIFIER.run_of(received(f"t={moment},v1={digest(moment, body)}", body))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "of_these_tests", "whsec_with a space"])
def test_a_secret_with_a_slip_is_refused(secret: str) -> None:
    """It would be another key; the message does not show it."""
    with pytest.raises(ValidationError) as refused:
        babysea.WebhookSettings(webhook_secret=SecretStr(secret))
    assert len(secret) < 8 or secret not in str(refused.value)


ADDRESS = comfydeploy.webhook_address("https://t.example/webhooks/providers/pixio", SECRET)


def called(address: str, *, body: bytes = b'{"run_id": "r-1"}', **query: str) -> ReceivedWebhook:
    """A call of an address."""
    found: Mapping[str, str] = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    return ReceivedWebhook(body=body, headers={}, query={**found, **query})


async def test_a_runs_own_address_is_known_again() -> None:
    """By a token that is another for each attempt, and does not show the secret."""
    assert ADDRESS is not None
    first, second = (ADDRESS.of(AttemptId(key)) for key in ("att_1", "att_2"))
    assert first.startswith("https://t.example/webhooks/providers/pixio?attempt=att_1&token=")
    assert first[-64:] != second[-64:]
    assert SECRET.get_secret_value() not in first
    assert await comfydeploy.TokenVerifier(SECRET).run_of(called(first)) == "r-1"


@pytest.mark.parametrize("query", [{"token": ""}, {"token": "0" * 64}, {"token": "é"}, {"attempt": "att_2"}])
async def test_an_address_that_was_guessed_is_refused(query: dict[str, str]) -> None:
    """The token of one attempt is none of another's."""
    assert ADDRESS is not None
    with pytest.raises(InvalidSignature):
        await comfydeploy.TokenVerifier(SECRET).run_of(called(ADDRESS.of(AttemptId("att_1")), **query))
    other = comfydeploy.TokenVerifier(SecretStr("another secret of ours"))
    with pytest.raises(InvalidSignature):
        await other.run_of(called(ADDRESS.of(AttemptId("att_1"))))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"run_id": null}', b'{"run_id": "a/b"}', b"[" * 100_000]
)
async def test_a_call_that_is_about_no_run(body: bytes) -> None:
    """It is refused, and nothing of it raises anything else."""
    assert ADDRESS is not None
    address = ADDRESS.of(AttemptId("att_1"))
    with pytest.raises(InvalidWebhook):
        await comfydeploy.TokenVerifier(SECRET).run_of(called(address, body=body))


@pytest.mark.parametrize(("url", "secret"), [(None, SECRET), ("https://t.example", None), (None, None)])
def test_without_a_secret_nobody_is_asked_to_tell(url: str | None, secret: SecretStr | None) -> None:
    """An address that anybody can guess is none."""
    assert comfydeploy.webhook_address(url, secret) is None
