"""GitHub's way: no id token, so its API says who came."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from identity.adapters.outbound.oidc.client import Registration
from identity.adapters.outbound.oidc.github import GitHubProvider
from identity.domain.identifiers import ProviderId
from identity.domain.linked_identity import ProviderIdentity
from identity.domain.sign_in_errors import SignInProviderUnavailable, SignInRefused
from identity.domain.user import EmailAddress

VERIFIER = "v" * 43
BACK = "https://tintype.example/v1/auth/oauth/github/callback"
EMAILS = [
    {"email": "old@example.com", "primary": False, "verified": True},
    {"email": "ada@example.com", "primary": True, "verified": True},
]


class GitHub:
    """As much of github.com and its API as a sign-in needs."""

    def __init__(self) -> None:
        self.challenge = ""
        self.person: Any = {"id": 583231, "login": "ada", "name": "Ada Lovelace"}
        self.emails: Any = EMAILS
        self.token: Any = {"access_token": "gho_1", "token_type": "bearer", "scope": "user:email"}
        registration = Registration(
            provider_id=ProviderId("github"),
            title="GitHub",
            client_id="Iv1.1",
            client_secret="secret",
            redirect_uri=BACK,
        )
        self.provider = GitHubProvider(registration, transport=httpx2.MockTransport(self._answer))

    async def url(self) -> str:
        """Where the browser is sent."""
        url = await self.provider.authorization_url(state="s", nonce="n", code_verifier=VERIFIER)
        self.challenge = parse_qs(urlsplit(url).query)["code_challenge"][0]
        return url

    async def identify(self) -> ProviderIdentity:
        """A person agrees and comes back."""
        await self.url()
        return await self.provider.identify(code="code", nonce="n", code_verifier=VERIFIER)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if str(request.url) == "https://github.com/login/oauth/access_token":
            form = dict(parse_qsl(request.content.decode()))
            assert request.headers["accept"] == "application/json"
            assert (form["code"], form["redirect_uri"]) == ("code", BACK)
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
            return httpx2.Response(200, json=self.token)
        assert request.headers["authorization"] == "Bearer gho_1"
        said = {
            "https://api.github.com/user": self.person,
            "https://api.github.com/user/emails?per_page=100": self.emails,
        }[str(request.url)]
        return said if isinstance(said, httpx2.Response) else httpx2.Response(200, json=said)


async def test_the_primary_address_counts() -> None:
    """The subject is the number, which nobody else ever has; a login can change hands."""
    github = GitHub()
    asked = parse_qs(urlsplit(await github.url()).query)
    assert (asked["scope"], asked["code_challenge_method"]) == (["read:user user:email"], ["S256"])
    assert await github.identify() == ProviderIdentity(
        issuer="https://github.com",
        subject="583231",
        email=EmailAddress("ada@example.com"),
        email_verified=True,
        full_name="Ada Lovelace",
    )


@pytest.mark.parametrize(
    ("emails", "email"),
    [
        ([{**EMAILS[1], "verified": False}], "ada@example.com"),
        ([{**EMAILS[1], "verified": "true"}], "ada@example.com"),
        ([EMAILS[0]], None),
        ([], None),
    ],
)
async def test_nothing_else_does(emails: Any, email: str | None) -> None:
    """An address that is not proven, or not the one that GitHub writes to."""
    github = GitHub()
    github.emails = emails
    found = await github.identify()
    assert (found.email, found.email_verified) == (email, False)


@pytest.mark.parametrize("subject", ["583231", None, True, 1.5])
async def test_who_has_no_number_is_nobody(subject: Any) -> None:
    """A subject is what an account is opened by."""
    github = GitHub()
    github.person = {"id": subject}
    with pytest.raises(SignInRefused):
        await github.identify()


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ({"error": "bad_verification_code"}, SignInRefused),
        ({"error": "incorrect_client_credentials"}, SignInProviderUnavailable),
        ({}, SignInProviderUnavailable),
        ([], SignInProviderUnavailable),
    ],
)
async def test_a_refused_code_says_so(token: Any, refusal: type[Exception]) -> None:
    """GitHub says so with a status of 200; what is our own fault is not the person's."""
    github = GitHub()
    github.token = token
    with pytest.raises(refusal):
        await github.identify()


@pytest.mark.parametrize("said", [httpx2.Response(403), httpx2.Response(200, text="<"), [7], "text"])
async def test_an_api_that_can_not_be_understood_is_away(said: Any) -> None:
    """Nobody is signed in by half of an answer."""
    for name in ("person", "emails"):
        github = GitHub()
        setattr(github, name, said)
        with pytest.raises(SignInProviderUnavailable):
            await github.identify()
