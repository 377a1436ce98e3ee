"""Sessions, a second factor, a fresh proof and another address, over the whole stack."""

import time
from uuid import uuid4

import httpx
import pyotp
import pytest
from mailed_links import link_in_mail
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def bearer(opened: httpx.Response) -> dict[str, str]:
    """What the requests of a session are sent with."""
    assert opened.status_code in (200, 201), opened.text
    return {"Authorization": f"Bearer {opened.json()['access_token']}"}


def test_an_account_is_kept_safe(stack: StackState) -> None:
    """Two devices, one of which is signed out; codes beside the password; and the address changes."""
    person = {"email": f"ada-{uuid4().hex[:10]}@example.com", "password": "the analytical engine"}
    with httpx.Client(base_url=stack.url("gateway"), timeout=30) as http:
        here = bearer(http.post("/v1/auth/signup", json=person))
        there = bearer(http.post("/v1/auth/login", json=person, headers={"User-Agent": FIREFOX}))
        sessions = http.get("/v1/sessions", headers=here).json()["data"]
        assert {session["device"] for session in sessions if not session["current"]} == {"Firefox on Linux"}
        assert http.get("/v1/me", headers=there).status_code == 200
        assert http.delete("/v1/sessions", headers=here).json() == {"ended": 1}
        deadline = time.monotonic() + 15
        while http.get("/v1/me", headers=there).status_code == 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert http.get("/v1/me", headers=there).json()["reason"] == "SESSION_ENDED"

        token = link_in_mail(stack, person["email"], "verify-email").rpartition("=")[2]
        assert http.post("/v1/auth/email/verify", json={"token": token}).status_code == 200
        proof = {"password": person["password"]}
        made = http.post("/v1/me/second-factor", json=proof, headers=here).json()
        code = pyotp.TOTP(made["secret"]).now()
        confirmed = http.post("/v1/me/second-factor/confirm", json={"code": code}, headers=here)
        paper = confirmed.json()["recovery_codes"]
        refused = http.post("/v1/auth/login", json=person)
        assert (refused.status_code, refused.json()["reason"]) == (401, "SECOND_FACTOR_REQUIRED")
        step = {"challenge": refused.json()["challenge"], "code": paper[0]}
        again = bearer(http.post("/v1/auth/login/second-factor", json=step))
        assert http.post("/v1/auth/step-up", json={"code": paper[1]}, headers=again).status_code == 204
        key = {"name": "Shop", "scopes": ["account:read"]}
        assert http.post("/v1/api-keys", json=key, headers=again).status_code == 201

        new = f"new-{person['email']}"
        asked = http.post("/v1/me/email", json={**person, "email": new}, headers=again)
        assert asked.status_code == 202, asked.text
        token = link_in_mail(stack, new, "change-email").rpartition("=")[2]
        assert http.post("/v1/auth/email/change", json={"token": token}).status_code == 204
        assert http.get("/v1/me", headers=again).json()["email"] == new
        way_back = link_in_mail(stack, person["email"], "keep-email").rpartition("=")[2]
        assert http.post("/v1/auth/email/keep", json={"token": way_back}).status_code == 204
        assert http.post("/v1/auth/login", json=person).json()["reason"] == "SECOND_FACTOR_REQUIRED"
