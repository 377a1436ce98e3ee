"""Any OpenID Connect provider: what is asked of it, and what of its answers counts."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from chassis.testing.clock import HandClock
from identity.adapters.outbound.oidc import client
from identity.adapters.outbound.oidc.client import Registration
from identity.adapters.outbound.oidc.openid_provider import OpenIdProvider
from identity.domain.identifiers import ProviderId
from identity.domain.linked_identity import ProviderIdentity
from identity.domain.sign_in_errors import SignInProviderUnavailable, SignInRefused
from openid_server import CLIENT_ID, CLIENT_SECRET, ISSUER, OpenIdServer, new_key, unsigned

BACK = "https://tintype.example/v1/auth/oauth/acme/callback"
# The verifier and its challenge are those of RFC 7636, appendix B.
NONCE, VERIFIER = "n" * 43, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Stage:
    """A provider, ours of it, and time."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.server = OpenIdServer(self.clock.now())
        self.monotonic_s = 0.0
        self.provider = OpenIdProvider(
            Registration(
                provider_id=ProviderId("acme"),
                title="Acme",
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                redirect_uri=BACK,
            ),
            issuer=ISSUER,
            clock=self.clock,
            transport=self.server.transport,
            monotonic=lambda: self.monotonic_s,
        )

    async def url(self) -> str:
        """Where the browser is sent."""
        return await self.provider.authorization_url(state="s", nonce=NONCE, code_verifier=VERIFIER)

    async def identify(self, *, nonce: str = NONCE, code_verifier: str = VERIFIER) -> ProviderIdentity:
        """A person agrees and comes back."""
        code = self.server.authorize(await self.url())
        return await self.provider.identify(code=code, nonce=nonce, code_verifier=code_verifier)


@pytest.fixture
def stage() -> Stage:
    """A stage of its own for each test."""
    return Stage()


async def test_the_browser_is_sent_with_all_that_binds_the_answer(stage: Stage) -> None:
    """State, nonce and challenge; never the verifier, nor a secret."""
    url = await stage.url()
    assert url.startswith(f"{ISSUER}/authorize?")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked == {
        "tenant": "1",
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "scope": "openid email profile",
        "state": "s",
        "nonce": NONCE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    assert VERIFIER not in url


async def test_a_token_that_holds_says_who_it_is(stage: Stage) -> None:
    """The subject is the issuer's own; the address is as mail takes it."""
    assert await stage.identify() == ProviderIdentity(
        issuer=ISSUER,
        subject="248289761001",
        email=client.email_of("Ada@example.com"),
        email_verified=True,
        full_name="Ada Lovelace",
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("said", "is_verified"),
    [(True, True), ("true", True), (False, False), (None, False), ("yes", False), (1.5, False), ([], False)],
)
async def test_only_a_clear_yes_proves_an_address(stage: Stage, said: Any, is_verified: bool) -> None:
    """Whatever else is said of it."""
    stage.server.claims = {"email_verified": said}
    assert (await stage.identify()).email_verified is is_verified


@pytest.mark.parametrize("email", [None, "", "nobody", 7, ["ada@example.com"]])
async def test_what_is_no_address_is_none(stage: Stage, email: Any) -> None:
    """The rest of the token counts."""
    stage.server.claims = {"email": email}
    assert (await stage.identify()).email is None


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": ["another-client"]},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"azp": "another-client"},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"at_hash": "another"},
    ],
    ids=str,
)
async def test_a_token_that_does_not_hold_says_nothing(stage: Stage, claims: dict[str, Any]) -> None:
    """Of another nonce, issuer, client, party or time, or of nobody."""
    stage.server.claims = claims
    with pytest.raises(SignInRefused):
        await stage.identify()


async def test_an_expired_token_says_nothing(stage: Stage) -> None:
    """But for a minute, by which clocks may differ."""
    stage.clock.advance(timedelta(minutes=10, seconds=59))
    assert await stage.identify()
    stage.clock.advance(timedelta(seconds=2))
    with pytest.raises(SignInRefused):
        await stage.identify()


async def test_a_key_of_another_says_nothing(stage: Stage) -> None:
    """Under the name of a right key, and under an unknown one: asked for once more, in vain."""
    await stage.identify()
    for kid, fetched in (("first", 0), ("unknown", 1)):
        stage.server.signing_key = new_key(kid)
        before = stage.server.asked.count("/jwks")
        with pytest.raises(SignInRefused):
            await stage.identify()
        assert stage.server.asked.count("/jwks") - before == fetched


async def test_a_token_that_nobody_signed_says_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that names no key, one signed with the client's secret, or none at all."""
    right = stage.server.id_token(NONCE)
    for token in (unsigned(right), "a.b.c", "", None, 7):
        monkeypatch.setattr(stage.server, "id_token", lambda nonce, token=token: token)
        with pytest.raises(SignInRefused):
            await stage.identify()


async def test_keys_change(stage: Stage) -> None:
    """A new key counts at once; what is known is not asked for again, for an hour."""
    for _ in range(2):
        await stage.identify()
    assert stage.server.asked.count("/jwks") == 1
    stage.server.keys.append(new_key("second"))
    for _ in range(2):
        await stage.identify()
    assert stage.server.asked.count("/jwks") == 2
    del stage.server.keys[0]
    stage.server.signing_key = None
    stage.monotonic_s += 3_601
    await stage.identify()
    assert stage.server.asked.count("/jwks") == 3
    assert stage.server.asked.count("/.well-known/openid-configuration") == 2


async def test_a_code_counts_once_with_its_verifier(stage: Stage) -> None:
    """A replayed code and another's verifier are refused."""
    code = stage.server.authorize(await stage.url())
    with pytest.raises(SignInRefused):
        await stage.provider.identify(code=code, nonce=NONCE, code_verifier="w" * 43)
    with pytest.raises(SignInRefused):
        await stage.provider.identify(code=code, nonce=NONCE, code_verifier=VERIFIER)


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(503),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={"keys": [7]}),
        httpx2.Response(200, json={"issuer": "https://other.example"}),
        httpx2.Response(302, headers={"location": "https://other.example/"}),
        httpx2.Response(400, json={"error": "invalid_client"}),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.text[:12]}",
)
async def test_a_provider_that_can_not_be_understood_is_away(
    stage: Stage, path: str, answer: httpx2.Response
) -> None:
    """Whichever of its addresses it is; and once it answers well, all is well."""
    stage.server.answers[path] = answer
    with pytest.raises((SignInProviderUnavailable, SignInRefused)) as refused:
        await stage.identify()
    is_token_without_id = path == "/token" and isinstance(refused.value, SignInRefused)
    assert is_token_without_id or isinstance(refused.value, SignInProviderUnavailable)
    del stage.server.answers[path]
    assert await stage.identify()


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
async def test_a_slow_provider_is_away(stage: Stage, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than the deadline."""
    monkeypatch.setattr(client, "DEADLINE_S", 0.05)
    stage.server.slow.add(path)
    with pytest.raises(SignInProviderUnavailable):
        await stage.identify()
    stage.server.slow.clear()
    monkeypatch.undo()
    assert await stage.identify()
