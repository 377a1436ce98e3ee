"""Polar's webhooks: only what Polar signed is believed, and then only what it is about."""

import json
import time
from typing import Any

import pytest
from billing.adapters.outbound.polar.webhooks import PolarWebhookVerifier
from billing.domain.errors import InvalidSignature, InvalidWebhook
from billing.domain.webhook_event import IgnoredCause, Subject, SubjectKind
from standins.polar.courier import sign

SECRET, BEFORE = "polar_whs_of_these_tests", "polar_whs_before"
PAGE, ORDER = "7c9e6679-7425-40de-944b-e07fc1f90ae7", "9f1b2c4e-5a76-4f7e-8a0c-0d6b1f2e3a4b"


def body(kind: object = "order.paid", **fields: object) -> bytes:
    """An event's body."""
    return json.dumps({"type": kind, "data": {"id": ORDER, "checkout_id": PAGE, **fields}}).encode()


def signed(
    raw: bytes, *, secret: str = SECRET, age_s: float = 0, event_id: str = "evt-1", **changes: str
) -> dict[str, str]:
    """The headers that Polar sends with a body."""
    timestamp = int(time.time() - age_s)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(raw, event_id=event_id, timestamp=timestamp, secret=secret),
        **changes,
    }


@pytest.mark.parametrize(
    ("kind", "subject_kind", "object_id"),
    [
        ("checkout.updated", SubjectKind.PAGE, ORDER),
        ("checkout.expired", SubjectKind.PAGE, ORDER),
        ("order.paid", SubjectKind.PAGE, PAGE),
        ("order.refunded", SubjectKind.PAYMENT, ORDER),
        ("refund.created", SubjectKind.PAYMENT, PAGE),
        ("refund.updated", SubjectKind.PAYMENT, PAGE),
    ],
)
def test_an_event_says_what_to_ask_about(kind: str, subject_kind: SubjectKind, object_id: str) -> None:
    """And nothing of how it stands: it may be old."""
    raw = body(kind, order_id=PAGE)
    told = PolarWebhookVerifier(SECRET).verify(signed(raw), raw)
    assert (told.event_id, told.kind, told.cause) == ("evt-1", kind, None)
    assert told.subject == Subject(kind=subject_kind, object_id=object_id)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (body("order.paid", checkout_id=None), IgnoredCause.NOT_OURS),
        (body("order.paid", checkout_id="cs_1"), IgnoredCause.UNREADABLE),
        (body("order.paid", checkout_id=7), IgnoredCause.UNREADABLE),
        (b'{"type": "order.paid", "data": []}', IgnoredCause.UNREADABLE),
        (b'{"type": "refund.created", "data": {"id": "x"}}', IgnoredCause.UNREADABLE),
        (body("checkout.created"), IgnoredCause.UNHANDLED_KIND),
        (body("subscription.active"), IgnoredCause.UNHANDLED_KIND),
        (body("something.of.tomorrow"), IgnoredCause.UNHANDLED_KIND),
    ],
)
def test_what_needs_no_work_says_why(raw: bytes, cause: IgnoredCause) -> None:
    """Nobody is asked about it."""
    told = PolarWebhookVerifier(SECRET).verify(signed(raw), raw)
    assert (told.subject, told.cause) == (None, cause)


def test_a_secret_that_is_being_replaced_counts_still() -> None:
    """Either of the two; no third."""
    raw = body()
    verifier = PolarWebhookVerifier(SECRET, BEFORE)
    for secret in (SECRET, BEFORE):
        assert verifier.verify(signed(raw, secret=secret), raw).event_id == "evt-1"
    with pytest.raises(InvalidSignature):
        verifier.verify(signed(raw, secret="polar_whs_of_somebody_else"), raw)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("age_s", "changes", "raw"),
    [
        (301, {}, body()),
        (-310, {}, body()),
        (0, {"webhook-id": "evt-2"}, body()),
        (0, {"webhook-timestamp": "nan"}, body()),
        (0, {"webhook-timestamp": "today"}, body()),
        (0, {"webhook-signature": "v1,ünsigned"}, body()),
        (0, {"webhook-signature": ""}, body()),
        (0, {}, b"\xff\xfe"),
    ],
)
def test_what_polar_did_not_sign_is_refused(age_s: float, changes: dict[str, str], raw: bytes) -> None:
    """Too old, too new, another id, another time or signature than was made, no text."""
    with pytest.raises(InvalidSignature):
        PolarWebhookVerifier(SECRET).verify(signed(raw, age_s=age_s, **changes), raw)


def test_another_body_and_no_headers_are_refused() -> None:
    """What was signed is verified as it was."""
    verifier = PolarWebhookVerifier(SECRET)
    assert verifier.verify(signed(body()), body()).event_id == "evt-1"
    for headers, raw in ((signed(body()), body() + b" "), ({}, body())):
        with pytest.raises(InvalidSignature):
            verifier.verify(headers, raw)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("raw", "event_id"),
    [
        (b"no event", "evt-1"),
        (b"[" * 100_000, "evt-1"),
        (b"[]", "evt-1"),
        (body(None), "evt-1"),
        (body("a kind with spaces"), "evt-1"),
        (body(), "an id with spaces"),
        (body("something.of.tomorrow"), "an id with spaces"),
    ],
)
def test_what_is_signed_and_no_event_is_told_apart(raw: bytes, event_id: str) -> None:
    """Its sender will not send it better: nothing is stored."""
    with pytest.raises(InvalidWebhook):
        PolarWebhookVerifier(SECRET).verify(signed(raw, event_id=event_id), raw)


def test_a_body_is_verified_as_it_came() -> None:
    """Written anew by somebody in between, it is another one, though it says the same."""
    raw = body()
    said: Any = json.loads(raw)
    with pytest.raises(InvalidSignature):
        PolarWebhookVerifier(SECRET).verify(signed(raw), json.dumps(said, indent=2).encode())
