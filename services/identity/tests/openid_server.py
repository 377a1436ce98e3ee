"""An OpenID Connect provider as tests need it: it does what it is told, wrong things too."""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

ISSUER = "https://login.example"
CLIENT_ID, CLIENT_SECRET = "tintype", "a secret: 100% & more"


@dataclass
class OpenIdServer:
    """Answers over `transport`; enforces PKCE, the client's secret and that a code counts once.

    `claims` replace the right ones of the next tokens (None leaves one out); `answers` replace what an
    address says; `slow` are addresses that say nothing.
    """

    now: datetime
    keys: list[ECKey] = field(default_factory=lambda: [new_key("first")])
    signing_key: ECKey | None = None
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, httpx2.Response] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def transport(self) -> httpx2.MockTransport:
        """What a client is given in place of a network."""
        return httpx2.MockTransport(self._answer)

    def authorize(self, url: str) -> str:
        """The person agrees at this address; returns the code."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(path)
        if path in self.slow:
            await asyncio.Event().wait()
        if path in self.answers:
            return self.answers[path]
        match path:
            case "/.well-known/openid-configuration":
                return httpx2.Response(
                    200,
                    json={
                        "issuer": ISSUER,
                        "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
                        "token_endpoint": f"{ISSUER}/token",
                        "jwks_uri": f"{ISSUER}/jwks",
                    },
                )
            case "/jwks":
                public = [key.as_dict(private=False) for key in self.keys]
                # A kind of key and a curve that nobody here knows, a broken one, and one that signs nothing.
                strange = [
                    {"kty": "XYZ", "kid": "?"},
                    {**public[0], "kid": "curve", "crv": "P-999"},
                    {"kty": "RSA", "kid": "broken", "e": "AQAB"},
                    {**public[0], "kid": "enc", "use": "enc"},
                ]
                return httpx2.Response(200, json={"keys": [*strange, *public]})
            case "/token":
                return self._token(request)
        return httpx2.Response(404)

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode()))
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        verified = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        told = base64.b64decode(credentials).decode() if scheme == "Basic" else ""
        if told != f"{CLIENT_ID}:{CLIENT_SECRET}":
            return httpx2.Response(401, json={"error": "invalid_client"})
        if asked is None or asked["code_challenge"] != verified or asked["code_challenge_method"] != "S256":
            return httpx2.Response(400, json={"error": "invalid_grant"})
        if form["redirect_uri"] != asked["redirect_uri"]:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        return httpx2.Response(
            200,
            json={
                "access_token": "at-1",
                "token_type": "Bearer",
                "expires_in": 3600,
                "id_token": self.id_token(asked["nonce"]),
            },
        )

    def id_token(self, nonce: str) -> str:
        """Sign a token, right but for what `claims`, `header` and `signing_key` say."""
        issued_at_s = int(self.now.timestamp())
        right = {
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "sub": "248289761001",
            "iat": issued_at_s,
            "exp": issued_at_s + 600,
            "nonce": nonce,
            "email": "Ada@Example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
        }
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        key = self.signing_key or self.keys[-1]
        return jwt.encode({"alg": "ES256", "kid": key.kid, **self.header}, claims, key)


def new_key(kid: str) -> ECKey:
    """Make a key of its own name."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


def unsigned(token: str) -> str:
    """The same claims, said by nobody."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."
