"""Access tokens as JWTs signed with Ed25519 (RFC 9068, RFC 8037)."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from identity.domain.identifiers import SessionId
from identity.domain.user import User
from identity.ports.access_tokens import AccessToken

ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type


def signed(claims: Mapping[str, object], key: OKPKey, *, token_type: str) -> str:
    """Return a token of these claims, whose header names its type and the key."""
    header = {"alg": ALGORITHM, "typ": token_type, "kid": key.thumbprint()}
    with called_eddsa():
        return jwt.encode(header, dict(claims), key, algorithms=[ALGORITHM])


@contextmanager
def called_eddsa() -> Iterator[None]:
    """Let the signature keep its old name: RFC 9864 says "Ed25519", the contract and most verifiers EdDSA."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield


@dataclass(frozen=True)
class JwtAccessTokens:
    """Signs with the first key and publishes all of them; implements AccessTokens.

    To rotate: append the new key, wait until every verifier has fetched the set, move it to the front,
    wait until the last token of the old key has expired, remove the old key.
    """

    keys: Sequence[OKPKey]
    issuer: str
    audience: str
    ttl: timedelta

    def issue(self, user: User, session_id: SessionId, now: datetime) -> AccessToken:
        """See AccessTokens."""
        issued_at, ttl_s = int(now.timestamp()), int(self.ttl.total_seconds())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": user.user_id,
            "email": user.email,
            "role": user.role.value,
            "sid": session_id,
            "iat": issued_at,
            "exp": issued_at + ttl_s,
        }
        return AccessToken(signed(claims, self.keys[0], token_type=TOKEN_TYPE), ttl_s)

    def jwks(self) -> str:
        """See AccessTokens."""
        return json.dumps({"keys": [_public(key) for key in self.keys]})


def _public(key: OKPKey) -> dict[str, object]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
