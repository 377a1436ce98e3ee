"""Calls of providers' APIs: one each, bounded, and their refusals in the port's own words."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from embedded.ports import free_ports
from generation.adapters.outbound.providers import http_api
from generation.adapters.outbound.providers.http_api import Answer, HttpApi, InTrouble, NeverSent, run_id_in
from generation.adapters.outbound.providers.refusals import bought_once, refusal
from generation.ports.media_provider import ProviderRefused, ProviderUnavailable, ProviderUnreachable
from provider_profile import host_that_says, said


@asynccontextmanager
async def api_at(url: str, *, timeout_s: float = 30) -> AsyncIterator[HttpApi]:
    """An API with a key of ours."""
    async with HttpApi(base_url=url, headers={"authorization": "Bearer k"}, timeout_s=timeout_s) as api:
        yield api


def answer(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    """One that came back."""
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("path", ["/v1/runs", "{url}/v1/runs"])
@pytest.mark.server
async def test_a_call_is_made_once(path: str) -> None:
    """By path, or at an address that the provider gave us; whatever the status, it is an answer."""
    body = json.dumps({"detail": "no"}).encode()
    async with host_that_says(said(503, body, retry_after="3")) as host, api_at(host.url) as api:
        got = await api.call("POST", path.format(url=host.url), body={"a": 1})
    assert (got.status, got.told(), got.retry_after_s, host.requests) == (503, {"detail": "no"}, 3, 1)


@pytest.mark.server
async def test_our_key_goes_nowhere_else() -> None:
    """Neither to an address that a provider names, nor after a redirect."""
    async with host_that_says(said(200)) as other:
        moved = said(307, location=f"{other.url}/elsewhere")
        async with host_that_says(moved) as host, api_at(host.url) as api:
            with pytest.raises(ProviderUnavailable, match="somewhere else"):
                await api.call("GET", f"{other.url}/v1/runs")
            assert host.requests == 0
            with pytest.raises(ProviderUnavailable):
                (await api.call("GET", "/v1/runs")).document()
            assert host.requests == 1
        assert other.requests == 0


@pytest.mark.server
async def test_nobody_there_is_told_apart() -> None:
    """A connection that was never made has bought nothing."""
    async with api_at(f"http://127.0.0.1:{free_ports(1)[0]}") as api:
        with pytest.raises(NeverSent):
            await api.call("POST", "/v1/runs")


@pytest.mark.server
async def test_an_answer_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is larger than any answer is none."""
    monkeypatch.setattr(http_api, "ANSWER_BYTES_MAX", 1_000)
    async with host_that_says(said(200, b'{"a": "' + b"x" * 2_000 + b'"}')) as host, api_at(host.url) as api:
        with pytest.raises(ProviderUnavailable, match="larger"):
            await api.call("GET", "/v1/runs")


@pytest.mark.server
@pytest.mark.real_time
async def test_an_answer_that_drips_is_not_waited_for() -> None:
    """Each byte comes in time, the whole does not."""

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, api_at(f"http://127.0.0.1:{port}", timeout_s=0.5) as api, asyncio.timeout(30):
        with pytest.raises(ProviderUnavailable, match="TimeoutError"):
            await api.call("GET", "/v1/runs")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"[]"),
        (200, b"{"),
        (200, b"[" * 100_000),
        (204, b""),
        (404, b'{"a": 1}'),
        (302, b"{}"),
    ],
)
def test_what_is_no_good_answer_tells_nothing(status: int, body: bytes) -> None:
    """It is no verdict on anything."""
    with pytest.raises(ProviderUnavailable) as away:
        answer(status, body).document()
    assert not isinstance(away.value, InTrouble)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run_id", [None, "", 7, "a/b", "..", "a?b", "é", "a" * 129, "a\n"])
def test_an_id_means_nothing_in_an_address(run_id: object) -> None:
    """What could lead anywhere else is no id."""
    with pytest.raises(ProviderUnavailable, match="names no run"):
        run_id_in({"id": run_id}, "id")
    assert run_id_in({"id": "run_A-1"}, "id") == "run_A-1"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("status", "retryable", "account"),
    [
        *((400, False, False), (404, False, False), (408, True, False), (429, True, False)),
        *((401, True, True), (402, True, True), (403, True, True)),
    ],
)
def test_a_refusal_is_told_in_our_words(status: int, retryable: bool, account: bool) -> None:
    """Whatever the provider wrote; its pause is passed on."""
    refused = refusal(answer(status, b'{"detail": "pay your bill"}', retry_after="5"))
    assert refused is not None
    assert (refused.retryable, refused.account_trouble) == (retryable, account)
    assert refused.retry_after_s == (5 if retryable else None)
    assert "bill" not in refused.failure.detail


@pytest.mark.parametrize("status", [200, 201, 302, 500, 503])
def test_other_statuses_refuse_nothing(status: int) -> None:
    """An error of the provider's own says nothing of the request."""
    assert refusal(answer(status)) is None


@pytest.mark.parametrize(
    ("away", "retryable"), [(InTrouble("x", retry_after_s=4), True), (ProviderUnavailable("x"), False)]
)
def test_what_may_have_been_bought_is_not_bought_again(away: ProviderUnavailable, retryable: bool) -> None:
    """Where neither a key nor a look-up could tell; and no answer speaks against the provider."""
    with pytest.raises(ProviderRefused) as refused, bought_once():
        raise away
    assert (refused.value.retryable, refused.value.unanswered) == (retryable, not retryable)
    assert refused.value.retry_after_s == away.retry_after_s


def test_what_never_left_is_told_as_such() -> None:
    """Nobody was asked, and whoever follows the run knows."""
    with pytest.raises(ProviderUnreachable), bought_once():
        raise NeverSent("x")
