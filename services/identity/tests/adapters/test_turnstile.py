"""Turnstile: what is asked of it, and what of its answers lets somebody in."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from identity.adapters.outbound import turnstile
from identity.adapters.outbound.turnstile import NoHumanCheck, TurnstileCheck
from identity.domain.sign_in_errors import CaptchaFailed, CaptchaUnavailable
from identity.ports.human_check import Widget

Answer = Callable[[httpx2.Request], httpx2.Response]


def check(answer: Answer) -> TurnstileCheck:
    """A check that is answered so."""
    return TurnstileCheck(site_key="site", secret_key="hidden", transport=httpx2.MockTransport(answer))


def said(**body: Any) -> Answer:
    """This answer to whatever is asked."""
    return lambda request: httpx2.Response(200, json=body)


async def test_a_token_is_redeemed() -> None:
    """With the secret and the client's address, at Cloudflare; the page shows its widget."""
    asked: list[dict[str, str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert str(request.url) == "https://challenges.cloudflare.com/turnstile/v0/siteverify"
        asked.append(dict(parse_qsl(request.content.decode())))
        return httpx2.Response(200, json={"success": True, "hostname": "tintype.example"})

    await check(answer).require("token", "203.0.113.7")
    await check(answer).require("token", None)
    assert asked == [
        {"secret": "hidden", "response": "token", "remoteip": "203.0.113.7"},
        {"secret": "hidden", "response": "token"},
    ]
    url = "https://challenges.cloudflare.com/turnstile/v0/api.js"
    assert check(answer).widget == Widget(site_key="site", script_url=url)
    assert "hidden" not in repr(check(answer))


@pytest.mark.parametrize("code", ["invalid-input-response", "timeout-or-duplicate", "missing-input-response"])
async def test_a_token_that_is_no_good_lets_nobody_in(code: str) -> None:
    """Unknown, old, or used before."""
    with pytest.raises(CaptchaFailed):
        await check(said(success=False, **{"error-codes": [code]})).require("token", None)


@pytest.mark.parametrize("token", [None, "", "x" * 2_049])
async def test_what_can_be_no_token_is_not_asked_about(token: str | None) -> None:
    """It costs nobody a call."""

    def never(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError

    with pytest.raises(CaptchaFailed):
        await check(never).require(token, None)


@pytest.mark.parametrize(
    "answer",
    [
        said(success=False, **{"error-codes": ["invalid-input-secret"]}),
        said(success=False, **{"error-codes": ["internal-error"]}),
        said(),
        lambda request: httpx2.Response(200, json=[]),
        lambda request: httpx2.Response(502, text="<html>"),
    ],
)
async def test_while_nobody_can_say_nobody_is_let_in(answer: Answer) -> None:
    """Whether it is their fault or ours."""
    with pytest.raises(CaptchaUnavailable):
        await check(answer).require("token", None)


async def test_a_slow_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than the deadline."""

    async def hang(request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(turnstile, "DEADLINE_S", 0.05)
    slow = TurnstileCheck(site_key="site", secret_key="hidden", transport=httpx2.MockTransport(hang))
    with pytest.raises(CaptchaUnavailable):
        await slow.require("token", None)


async def test_as_shipped_nothing_is_asked() -> None:
    """Everybody is let in, and pages show nothing."""
    await NoHumanCheck().require(None, None)
    assert NoHumanCheck().widget is None
