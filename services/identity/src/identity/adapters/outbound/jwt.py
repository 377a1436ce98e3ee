"""Access tokens as JWTs signed with Ed25519 (RFC 9068, RFC 8037)."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from identity.domain.identifiers import SessionId
from identity.domain.user import User
from identity.ports.access_tokens import AccessToken

ALGORITHM = "EdDSA"


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
        key, issued_at, ttl_s = self.keys[0], int(now.timestamp()), int(self.ttl.total_seconds())
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.thumbprint()}
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
        with warnings.catch_warnings():
            # RFC 9864 renames this signature to "Ed25519"; the contract and most verifiers say EdDSA.
            warnings.simplefilter("ignore", SecurityWarning)
            return AccessToken(jwt.encode(header, claims, key, algorithms=[ALGORITHM]), ttl_s)

    def jwks(self) -> str:
        """See AccessTokens."""
        return json.dumps({"keys": [_public(key) for key in self.keys]})


def _public(key: OKPKey) -> dict[str, object]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
