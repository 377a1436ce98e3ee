"""Sending a webhook to receivers of every kind."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from gateway.adapters.outbound.http_webhook_sender import HttpWebhookSender
from gateway.domain.errors import InvalidRequest
from gateway.domain.identifiers import DeliveryId, MessageId, UserId
from gateway.domain.webhook import RESPONSE_LENGTH_MAX, Attempt, AttemptError, DeliveryState, WebhookDelivery
from standardwebhooks import Webhook, WebhookVerificationError
from webhook_receiver import Answer, answer, certificate, hang, receiving

pytestmark = pytest.mark.server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def a_delivery(url: str, payload: str = '{"type":"webhook.test","data":{"word":"Größe"}}') -> WebhookDelivery:
    """One to this address."""
    now = datetime.now(UTC)
    return WebhookDelivery(
        delivery_id=DeliveryId("dlv_" + "1" * 32),
        account_id=UserId("usr_" + "a" * 32),
        endpoint_id=None,
        url=url,
        message_id=MessageId("msg_" + "2" * 32),
        event_type="webhook.test",
        payload=payload,
        state=DeliveryState.PENDING,
        attempts=1,
        next_attempt_at=now,
        created_at=now,
    )


@asynccontextmanager
async def sending(**options: Any) -> AsyncIterator[HttpWebhookSender]:
    """A sender that may reach this machine."""
    sender = HttpWebhookSender(**{"allow_loopback": True, "timeout_s": 5.0} | options)
    yield sender
    await sender.close()


async def sent(url: str, *secrets: str, **options: Any) -> Attempt:
    """What comes of one attempt."""
    async with sending(**options) as sender:
        return await sender.send(a_delivery(url), secrets or (SECRET,), at=datetime.now(UTC))


async def test_a_receiver_verifies_what_it_gets() -> None:
    """With the library of the specification, by each of the secrets that sign, and by no other."""
    async with receiving(answer(204, "")) as receiver:
        attempt = await sent(receiver.url, SECRET, OLD)
    assert (attempt.status, attempt.error, attempt.is_delivered) == (204, None, True)
    (request,) = receiver.received
    assert request.line == "POST /hook HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "msg_" + "2" * 32
    for secret in (SECRET, OLD):
        assert Webhook(secret).verify(request.body, request.headers)["data"] == {"word": "Größe"}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").verify(request.body, request.headers)
    for forged in (
        request.headers | {"webhook-id": "msg_other"},
        request.headers | {"webhook-timestamp": str(int(request.headers["webhook-timestamp"]) + 1)},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(request.body, forged)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", request.headers)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    """It is an answer like any other: what is signed goes to the address that was named."""
    async with receiving(answer(200)) as elsewhere:
        async with receiving(answer(status, headers=f"Location: {elsewhere.url}\r\n")) as receiver:
            attempt = await sent(receiver.url)
        assert (attempt.status, attempt.is_delivered) == (status, False)
        assert elsewhere.received == []


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
async def test_what_a_receiver_says_is_kept(status: int) -> None:
    """The status and the beginning of the answer."""
    async with receiving(answer(status, "no room")) as receiver:
        attempt = await sent(receiver.url)
    assert (attempt.status, attempt.error, attempt.response) == (status, None, "no room")
    assert not attempt.is_delivered


async def test_an_answer_is_read_to_a_bound() -> None:
    """However long it is, and whatever bytes it has."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, ""))
        while True:
            writer.write(b"\xff\xfe" * 4096)
            await writer.drain()

    async with receiving(endless) as receiver:
        attempt = await sent(receiver.url)
    assert attempt.is_delivered
    assert attempt.response == "\ufffd" * RESPONSE_LENGTH_MAX


async def drip_body(writer: asyncio.StreamWriter) -> None:
    """Say 200, and never end."""
    writer.write(answer(200, "so"))
    await writer.drain()
    await asyncio.Event().wait()


async def drip_head(writer: asyncio.StreamWriter) -> None:
    """Begin a header, and never end it."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await writer.drain()
    await asyncio.Event().wait()


@pytest.mark.parametrize("slow", [hang, drip_head])
async def test_a_receiver_that_hangs_is_left(slow: Answer) -> None:
    """After the time that one attempt has in all, however it spends it."""
    async with receiving(slow) as receiver:
        attempt = await sent(receiver.url, timeout_s=0.3)
    assert (attempt.status, attempt.error) == (None, AttemptError.TIMEOUT)


async def test_a_body_that_never_ends_changes_nothing() -> None:
    """The status has said it."""
    async with receiving(drip_body) as receiver:
        attempt = await sent(receiver.url, timeout_s=0.3)
    assert attempt.is_delivered


@pytest.mark.parametrize("noise", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 999999 X\r\n\r\n"])
async def test_noise_is_a_failed_attempt(noise: bytes) -> None:
    """What is no answer is none."""
    async with receiving(noise) as receiver:
        attempt = await sent(receiver.url)
    assert (attempt.status, attempt.error) == (None, AttemptError.CONNECTION)


async def test_nobody_there_is_a_failed_attempt() -> None:
    """Neither at a port nor by a name."""
    async with receiving(answer(200)) as receiver:
        url = receiver.url
    assert (await sent(url)).error is AttemptError.CONNECTION
    assert (await sent("https://nobody.invalid/")).error is AttemptError.CONNECTION


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """And so are one for another name and one that is over; nothing is sent to any of them."""
    trusted = ssl.create_default_context()
    for number, (name, days) in enumerate((("localhost", 1), ("other.example", 1), ("localhost", -1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        served = certificate(folder, name=name, days=days)
        async with receiving(answer(200), tls=served) as receiver:
            url = f"https://localhost:{receiver.port}/"
            assert (await sent(url)).error is AttemptError.TLS
            trusted.load_verify_locations(folder / "certificate.pem")
            attempt = await sent(url, tls=trusted)
            assert (attempt.error is None) == (name == "localhost" and days > 0)
        assert len(receiver.received) == (1 if attempt.is_delivered else 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.8/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[64:ff9b::a00:8]/",
        "https://2130706433/",
    ],
)
async def test_only_public_addresses_are_reached(url: str) -> None:
    """By https alone, whatever was kept before there was a rule."""
    attempt = await sent(url, allow_loopback=False)
    assert (attempt.status, attempt.error) == (None, AttemptError.ADDRESS_REFUSED)


@pytest.mark.parametrize("found", ["10.0.0.8", "127.0.0.1", "169.254.169.254"])
async def test_a_name_that_leads_to_a_private_address_reaches_nothing(
    found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked public when it was added, and is looked at again each time."""

    async def resolved(_loop: object, _host: str, port: int, **_more: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", resolved)
    async with sending(allow_loopback=False) as sender:
        sender.check("https://rebinding.example/")
        attempt = await sender.send(a_delivery("https://rebinding.example/"), [SECRET], at=datetime.now(UTC))
    assert attempt.error is AttemptError.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/",
        "ftp://receiver.example/",
        "receiver.example",
        "",
        "https://",
        "https://user:secret@receiver.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://localhost./",
        "https://192.168.1.1:8443/",
        "https://[::1]/",
        "https://receiver.example/" + "a" * 2000,
    ],
)
async def test_what_can_never_be_sent_to_is_refused_at_once(url: str) -> None:
    """Whoever adds it learns why; a name is looked at later."""
    async with sending(allow_loopback=False) as sender:
        with pytest.raises(InvalidRequest) as refused:
            sender.check(url)
        assert [problem.field for problem in refused.value.fields] == ["url"]
        with pytest.raises(InvalidRequest) as refused:
            sender.check(url, field="webhook_url")
        assert [problem.field for problem in refused.value.fields] == ["webhook_url"]
        sender.check("https://receiver.example/hook?token=1")
        sender.check("https://8.8.8.8/")


async def test_the_setting_opens_loopback_and_nothing_more() -> None:
    """For a stack on one machine."""
    async with sending() as sender:
        sender.check("http://127.0.0.1:9000/hook")
        sender.check("http://localhost:9000/hook")
        with pytest.raises(InvalidRequest):
            sender.check("http://10.0.0.8/hook")
    assert (await sent("http://10.0.0.8/")).error is AttemptError.ADDRESS_REFUSED


async def test_a_receiver_says_when_to_come_back() -> None:
    """In seconds or by a date, a day at most; what is neither says nothing."""
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    for said, least, most in (
        ("120", 120, 120),
        ("999999999999999999999", 86_400, 86_400),
        (soon, 3_500, 3_601),
        ("yesterday", None, None),
        ("-5", None, None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0, 0),
    ):
        async with receiving(answer(503, headers=f"Retry-After: {said}\r\n")) as receiver:
            asked = (await sent(receiver.url)).retry_after
        if least is None or most is None:
            assert asked is None
        else:
            assert asked is not None
            assert least <= asked.total_seconds() <= most
