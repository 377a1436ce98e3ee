"""The sign-in provider: discovery, a page that says what it is, and who it vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from standins.oidc.app import create_app
from standins.oidc.settings import OidcSettings
from standins.serving import running

BACK = "https://tintype.example/back"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of a provider that browsers find elsewhere."""
    settings = OidcSettings(public_url="http://browsers.example")
    with running(create_app(settings)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def asked(**more: str) -> dict[str, str]:
    """What a browser is sent with."""
    return {
        "response_type": "code",
        "client_id": "tintype",
        "redirect_uri": BACK,
        "scope": "openid email profile",
        "state": "s",
        "nonce": "n-0",
    } | more


def test_it_is_found_by_its_document(http: httpx.Client) -> None:
    """Services talk to it where they found it; browsers go where they can."""
    about = http.get("/.well-known/openid-configuration").json()
    base = str(http.base_url).rstrip("/")
    assert about["issuer"] == base
    assert about["token_endpoint"].startswith(base)
    assert about["authorization_endpoint"] == "http://browsers.example/oauth2/authorize"
    assert http.get("/healthz").text == "ok\n"


def test_its_page_says_what_it_is(http: httpx.Client) -> None:
    """Nobody takes it for Google; it loads nothing from elsewhere."""
    page = http.get("/oauth2/authorize", params=asked()).text
    assert "This is a stand-in, not Google" in page
    assert "http://" not in page
    assert "https://" not in page.replace(BACK, "")


@pytest.mark.parametrize(
    ("email", "vouched"), [("ada.l@example.com", True), ("unverified@example.com", False)]
)
def test_it_vouches_for_whoever_comes(http: httpx.Client, email: str, vouched: bool) -> None:
    """By a token that its keys signed, for this client and with its nonce; a code counts once."""
    back = http.post("/oauth2/authorize", params=asked(nonce=email), data={"sub": email})
    answer = parse_qs(urlsplit(back.headers["location"]).query)
    assert answer["state"] == ["s"]
    form = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": BACK}
    token = http.post("/oauth2/token", data=form, auth=("tintype", "secret")).json()
    keys = KeySet.import_key_set(http.get("/jwks").json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["sub"], claims["email"], claims["email_verified"]) == (email, email, vouched)
    assert claims["aud"] in ("tintype", ["tintype"])
    assert claims["nonce"] == email
    again = http.post("/oauth2/token", data=form, auth=("tintype", "secret"))
    assert again.json()["error"] == "invalid_grant"


def test_who_cancels_goes_back_without_a_code(http: httpx.Client) -> None:
    """As providers say it."""
    back = http.post("/oauth2/authorize", params=asked(nonce="n-9"), data={"action": "deny"})
    answer = parse_qs(urlsplit(back.headers["location"]).query)
    assert (answer["error"], answer["state"]) == (["access_denied"], ["s"])
