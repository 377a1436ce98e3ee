"""The captcha: a script that gives tokens, each of which counts once."""

from __future__ import annotations

import re

import httpx
from standins.serving import running
from standins.turnstile.app import create_app
from standins.turnstile.settings import TurnstileSettings


def test_a_token_counts_once() -> None:
    """For whoever has the secret; anything else is refused in Cloudflare's words."""
    with running(create_app(TurnstileSettings())) as url, httpx.Client(base_url=url, trust_env=False) as http:
        script = http.get("/turnstile/v0/api.js").text
        token, *_ = re.findall(r'"([\w-]{32})"', script)

        def verify(response: str, *, key: str = "standin-secret") -> object:
            form = {"secret": key, "response": response}
            answer = http.post("/turnstile/v0/siteverify", data=form).json()
            return answer["success"] or answer["error-codes"]

        assert verify(token, key="guessed") == ["invalid-input-secret"]
        assert verify("") == ["missing-input-response"]
        assert verify("guessed") == ["invalid-input-response"]
        assert verify(token) is True
        assert verify(token) == ["timeout-or-duplicate"]
