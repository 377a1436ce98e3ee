"""Every way in which Stripe can fail us: it passes, it is our set-up, or it is the request's own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stripe
from billing.adapters.outbound.stripe import processor as adapter
from billing.adapters.outbound.stripe.errors import MEANINGS, meaning_of
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.domain import errors
from prometheus_client import REGISTRY
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings
from stripe.oauth_error import OAuthError

pytestmark = pytest.mark.server

KEY = "sk_test_billing"
UNAVAILABLE, MISCONFIGURED, REFUSED, UNKNOWN = (
    errors.PaymentProcessorUnavailable,
    errors.PaymentProcessorMisconfigured,
    errors.PaymentProcessorRefused,
    errors.UnknownToProcessor,
)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            # Stripe's own word on whether to try again: the test is about the last answer.
            self.send_header("Stripe-Should-Retry", "false")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's own name
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def problem(kind: str = "invalid_request_error", **fields: str) -> bytes:
    """An error as Stripe words it."""
    return json.dumps({"error": {"type": kind, "message": "no", **fields}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (400, problem(), REFUSED),
        (400, problem(code="rate_limit"), UNAVAILABLE),
        (400, problem(kind="idempotency_error"), REFUSED),
        (400, problem(code="resource_missing"), UNKNOWN),
        (401, problem(), MISCONFIGURED),
        (401, b"<html>a proxy</html>", MISCONFIGURED),
        (402, problem(kind="card_error", code="card_declined"), REFUSED),
        (403, problem(), MISCONFIGURED),
        (404, problem(code="resource_missing"), UNKNOWN),
        (404, problem(), MISCONFIGURED),
        (404, b"<html>a proxy</html>", UNAVAILABLE),
        (409, problem(code="lock_timeout"), UNAVAILABLE),
        (429, problem(code="rate_limit"), UNAVAILABLE),
        (500, problem(kind="api_error"), UNAVAILABLE),
        (502, b"bad gateway", UNAVAILABLE),
        (503, b"", UNAVAILABLE),
        (200, b"<html>a proxy</html>", UNAVAILABLE),
    ],
)
async def test_an_answer_means_one_thing(
    status: int, body: bytes, meaning: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its status and code; an answer that Stripe never wrote is nobody's verdict."""
    monkeypatch.setattr(adapter, "RETRIES_MAX", 0)
    with answering(status, body) as url, pytest.raises(errors.BillingError) as raised:
        await StripeProcessor(secret_key=KEY, api_url=url).find_payment("pi_1")
    assert type(raised.value) is meaning


async def test_silence_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens."""
    monkeypatch.setattr(adapter, "RETRIES_MAX", 0)
    with pytest.raises(UNAVAILABLE):
        await StripeProcessor(secret_key=KEY, api_url="http://127.0.0.1:9").find_payment("pi_1")


async def test_a_wrong_key_is_ours_and_an_unknown_object_is_the_requests(tmp_path: Path) -> None:
    """As Stripe itself answers; the key is not in the error."""
    with running(create_app(StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY)))) as url:
        with pytest.raises(MISCONFIGURED) as raised:
            await StripeProcessor(secret_key="sk_test_wrong", api_url=url).find_payment("pi_1")
        assert "sk_test" not in str(raised.value)
        processor = StripeProcessor(secret_key=KEY, api_url=url)
        for asked in (
            processor.find_payment("pi_1"),
            processor.find_dispute("du_1"),
            processor.find_checkout("cs_1"),
        ):
            with pytest.raises(UNKNOWN):
                await asked


def classes_below(kind: type[stripe.StripeError]) -> set[type[stripe.StripeError]]:
    """A class and all that are made of it."""
    return {kind}.union(*(classes_below(below) for below in kind.__subclasses__()))


def test_every_class_of_the_sdk_has_a_meaning() -> None:
    """One that the SDK adds has to be thought about; those of OAuth are all alike."""
    oauth = classes_below(OAuthError) - {OAuthError}
    abstract = {stripe.StripeErrorWithParamCode}
    assert classes_below(stripe.StripeError) - oauth - abstract == set(MEANINGS)


@pytest.mark.parametrize("kind", sorted(MEANINGS, key=lambda one: one.__name__))
def test_a_class_says_what_status_and_code_do_not(kind: type[stripe.StripeError]) -> None:
    """A failure without either means what its class does."""
    failure = kind.__new__(kind)
    stripe.StripeError.__init__(failure, "no")
    assert type(meaning_of(failure)) is MEANINGS[kind]


async def test_operators_see_while_stripe_refuses_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gauge that is 1 until a call succeeds again, and failures counted by what they mean."""
    monkeypatch.setattr(adapter, "RETRIES_MAX", 0)

    def failures(kind: type[errors.BillingError]) -> float:
        labels = {"kind": kind.reason}
        return REGISTRY.get_sample_value("billing_stripe_failures_total", labels) or 0

    with running(create_app(StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY)))) as url:
        for key, asked, kind, refuses_us in (
            ("sk_test_revoked", url, MISCONFIGURED, 1),
            (KEY, "http://127.0.0.1:9", UNAVAILABLE, 1),
            # An answer about what was asked: the key is good.
            (KEY, url, UNKNOWN, 0),
            ("sk_test_revoked", url, MISCONFIGURED, 1),
        ):
            before = failures(kind)
            with pytest.raises(kind):
                await StripeProcessor(secret_key=key, api_url=asked).find_payment("pi_1")
            assert REGISTRY.get_sample_value("billing_stripe_refuses_us") == refuses_us
            assert failures(kind) == before + 1
        await StripeProcessor(secret_key=KEY, api_url=url).list_refunds(
            since=datetime(2026, 1, 1, tzinfo=UTC), after=None
        )
    assert REGISTRY.get_sample_value("billing_stripe_refuses_us") == 0
