"""Sends webhooks over HTTPS, to public addresses alone, signed as Standard Webhooks has it."""

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpcore
from chassis.checked_network import CheckedNetwork
from chassis.fetch_address import AddressRefused, is_loopback, is_public, parsed
from chassis.version import version
from standardwebhooks import Webhook

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.webhook import (
    RESPONSE_LENGTH_MAX,
    RETRY_AFTER_MAX,
    URL_LENGTH_MAX,
    Attempt,
    AttemptError,
    WebhookDelivery,
)

TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
# As much of an answer as is read; the log keeps the first characters of it.
RESPONSE_BYTES_MAX = 4 * RESPONSE_LENGTH_MAX
_TIMEOUTS = {
    "timeout": {
        "connect": CONNECT_TIMEOUT_S,
        "read": TIMEOUT_S,
        "write": TIMEOUT_S,
        "pool": TIMEOUT_S,
    }
}


class HttpWebhookSender:
    """Implements WebhookSender and WebhookAddresses.

    `allow_loopback` also lets plain http to this machine through. Each attempt opens a connection of its own:
    its address is looked at each time, and one receiver's connection says nothing of another's.
    """

    def __init__(
        self, *, allow_loopback: bool, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None
    ) -> None:
        self._schemes = ("https", "http") if allow_loopback else ("https",)
        self._allow_loopback = allow_loopback
        self._timeout_s = timeout_s
        self._pool = httpcore.AsyncConnectionPool(
            network_backend=CheckedNetwork(allow_loopback=allow_loopback),
            ssl_context=tls,
            # Whoever sends bounds how many there are at a time: none may wait here, its time runs already.
            max_connections=None,
            max_keepalive_connections=0,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    def check(self, url: str, *, field: str = "url") -> None:
        """See WebhookAddresses."""
        try:
            host = parsed(url, schemes=self._schemes).host.decode()
        except AddressRefused:
            raise _refused(field, "must be an https address") from None
        if len(url) > URL_LENGTH_MAX:
            raise _refused(field, f"must have at most {URL_LENGTH_MAX} characters")
        if not self._may_be_reached(host):
            raise _refused(field, "must lead to a public address")

    async def send(self, delivery: WebhookDelivery, secrets: Sequence[str], *, at: datetime) -> Attempt:
        """See WebhookSender."""
        began = time.monotonic()
        status, error, response, retry_after = None, None, None, None
        try:
            async with asyncio.timeout(self._timeout_s):
                url = parsed(delivery.url, schemes=self._schemes)
                async with self._pool.stream(
                    "POST",
                    url,
                    headers=_headers(delivery, secrets, at),
                    content=delivery.payload.encode(),
                    extensions=_TIMEOUTS,
                ) as answer:
                    # It is known from here on what the receiver says: a body that never ends changes nothing.
                    status, retry_after = answer.status, _retry_after(answer, at)
                    response = _text(await _beginning(answer))
        except Exception as failure:  # noqa: BLE001 - whatever a stranger's server does is an attempt that failed
            if status is None:
                error = _error_of(failure)
        return Attempt(
            attempted_at=at,
            duration_ms=round((time.monotonic() - began) * 1000),
            status=status,
            error=error,
            response=response,
            retry_after=retry_after,
        )

    def _may_be_reached(self, host: str) -> bool:
        try:
            ip = str(ipaddress.ip_address(host))
        except ValueError:
            # A name: what it leads to is looked at when it is sent to.
            return self._allow_loopback or host.rstrip(".") != "localhost"
        return is_public(ip) or (self._allow_loopback and is_loopback(ip))


def _refused(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(
        f"The webhook's address {detail}.", reason="INVALID_FIELD", fields=[FieldProblem(field, detail)]
    )


def _headers(delivery: WebhookDelivery, secrets: Sequence[str], at: datetime) -> list[tuple[str, str]]:
    signatures = " ".join(
        Webhook(secret).sign(delivery.message_id, at, delivery.payload) for secret in secrets
    )
    return [
        ("content-type", "application/json"),
        ("user-agent", f"Tintype-Webhooks/{version()}"),
        ("webhook-id", delivery.message_id),
        ("webhook-timestamp", str(int(at.timestamp()))),
        ("webhook-signature", signatures),
        ("connection", "close"),
    ]


async def _beginning(answer: httpcore.Response) -> bytes:
    read = b""
    async for piece in answer.aiter_stream():
        read += piece
        if len(read) >= RESPONSE_BYTES_MAX:
            break
    return read


def _text(body: bytes) -> str:
    return body[:RESPONSE_BYTES_MAX].decode("utf-8", "replace")[:RESPONSE_LENGTH_MAX]


def _retry_after(answer: httpcore.Response, at: datetime) -> timedelta | None:
    """Read `Retry-After`, seconds or a date; what is neither says nothing."""
    said = next((value for key, value in answer.headers if key.lower() == b"retry-after"), b"")
    text = said.decode("ascii", "replace").strip()
    if text.isdigit():
        # More than a day is a day: digits without end are no reason to fail.
        return timedelta(seconds=min(int(text[:9]), RETRY_AFTER_MAX.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(timedelta(0), (until if until.tzinfo else until.replace(tzinfo=UTC)) - at)


def _error_of(failure: Exception) -> AttemptError:
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return AttemptError.TLS
        if isinstance(cause, AddressRefused):
            return AttemptError.ADDRESS_REFUSED
        cause = cause.__cause__ or cause.__context__
    if isinstance(failure, TimeoutError | httpcore.TimeoutException):
        return AttemptError.TIMEOUT
    return AttemptError.CONNECTION
