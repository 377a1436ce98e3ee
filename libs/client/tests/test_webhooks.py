"""Webhooks: what the reference implementation signs is taken, and nothing else is."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook
from tintype_client import InvalidSignature, verify_webhook

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, yes").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret").decode()
BODY = '{"type": "generation.updated", "text": "雪"}'
NOW = 1_900_000_000


def headers(
    secret: str = SECRET, *, body: str = BODY, at: int = NOW, message_id: str = "msg_1"
) -> dict[str, str]:
    """As a sender signs."""
    signature = Webhook(secret).sign(message_id, datetime.fromtimestamp(at, UTC), body)
    return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": signature}


@pytest.mark.parametrize("payload", [BODY, BODY.encode()], ids=["text", "bytes"])
def test_what_is_signed_is_taken(payload: Any) -> None:
    """However the headers' names are written, and with a secret without its padding."""
    assert verify_webhook(payload, headers(), SECRET, now=NOW) == json.loads(BODY)
    named = {name.title(): value for name, value in headers().items()}
    assert verify_webhook(payload, named, SECRET.rstrip("="), now=NOW)


def test_several_signatures_and_several_secrets() -> None:
    """While one secret replaces another, the sender signs with both, or the receiver takes both."""
    ours, theirs = headers(), headers(OTHER)["webhook-signature"]
    both = ours | {"webhook-signature": f"v1a,xyz {theirs} {ours['webhook-signature']}"}
    assert verify_webhook(BODY, both, SECRET, now=NOW)
    assert verify_webhook(BODY, ours, [OTHER, SECRET], now=NOW)
    with pytest.raises(InvalidSignature):
        verify_webhook(BODY, ours, [OTHER], now=NOW)
    with pytest.raises(InvalidSignature):
        verify_webhook(BODY, ours, [], now=NOW)


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
def test_what_is_old_or_of_the_future_is_refused(at: int) -> None:
    """Though it is signed: whoever recorded one can't send it later."""
    with pytest.raises(InvalidSignature, match="ago"):
        verify_webhook(BODY, headers(at=at), SECRET, now=NOW)
    assert verify_webhook(BODY, headers(at=at), SECRET, now=NOW, tolerance_s=301)


def test_now_is_the_clocks_unless_it_is_said() -> None:
    """As it is used."""
    assert verify_webhook(BODY, headers(at=int(datetime.now(UTC).timestamp())), SECRET)
    with pytest.raises(InvalidSignature):
        verify_webhook(BODY, headers(at=NOW - 10**9), SECRET)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""), ("webhook-id", "msg_2"), ("webhook-id", "msg_1.1"),
        ("webhook-timestamp", ""), ("webhook-timestamp", "nan"), ("webhook-timestamp", str(NOW + 1)),
        ("webhook-timestamp", f" {NOW}"), ("webhook-timestamp", "١٩"), ("webhook-timestamp", "9" * 400),
        ("webhook-signature", ""), ("webhook-signature", "v1,"), ("webhook-signature", "v1"),
        ("webhook-signature", "v1,é"), ("webhook-signature", "v1,AAAA"), ("webhook-signature", ",,, v1,, "),
    ],
)  # fmt: skip
def test_what_was_changed_is_refused(name: str, value: str) -> None:
    """Each header, in each way; and it is a refusal, not a crash."""
    with pytest.raises(InvalidSignature):
        verify_webhook(BODY, headers() | {name: value}, SECRET, now=NOW)


def test_a_header_that_is_missing_or_a_changed_body_is_refused() -> None:
    """Nothing is read of what is not proven."""
    for name in headers():
        with pytest.raises(InvalidSignature):
            verify_webhook(BODY, {each: v for each, v in headers().items() if each != name}, SECRET, now=NOW)
    with pytest.raises(InvalidSignature):
        verify_webhook(BODY.replace("updated", "deleted"), headers(), SECRET, now=NOW)
    v2 = headers() | {"webhook-signature": headers()["webhook-signature"].replace("v1,", "v2,")}
    with pytest.raises(InvalidSignature):
        verify_webhook(BODY, v2, SECRET, now=NOW)
    with pytest.raises(InvalidSignature, match="JSON"):
        verify_webhook("no json", headers(body="no json"), SECRET, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_é", "whsec_***"])
def test_a_secret_that_is_none_is_the_programs_fault(secret: str) -> None:
    """Otherwise everybody would know it."""
    with pytest.raises(ValueError, match="secret") as wrong:
        verify_webhook(BODY, headers(), secret, now=NOW)
    assert not isinstance(wrong.value, InvalidSignature)
