"""Guesses at somebody's password, over the whole stack: they end, and the owner still comes in."""

from uuid import uuid4

import httpx
import pytest
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


def test_twelve_wrong_passwords_do_not_keep_the_owner_out(stack: StackState) -> None:
    """From the owner's own address: strangers are refused there, the known device is not."""
    owner = {"email": f"owner-{uuid4().hex[:10]}@example.com", "password": "the owner's own password"}
    with httpx.Client(base_url=stack.url("gateway"), timeout=20) as http:

        def log_in(**more: str) -> httpx.Response:
            return http.post("/v1/auth/login", json={**owner, **more})

        device_token = http.post("/v1/auth/signup", json=owner).json()["device_token"]
        guesses = [log_in(password=f"guess number {number}").status_code for number in range(12)]
        assert guesses == [401] * 10 + [429] * 2
        stranger = log_in()
        assert (stranger.status_code, stranger.json()["reason"]) == (429, "TOO_MANY_ATTEMPTS")
        assert int(stranger.headers["retry-after"]) > 0
        known = log_in(device_token=device_token)
        assert known.status_code == 200, known.text
        assert known.json()["user"]["email"] == owner["email"]
