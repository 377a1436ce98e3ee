"""Id tokens: signature, issuer, audience, nonce and times (OpenID Connect Core, section 3.1.3.7)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from identity.domain.sign_in_errors import SignInRefused

# Signatures alone: a token that the client's own secret made, or that nothing did, proves nothing.
ALGORITHMS = ("RS256", "PS256", "ES256")
LEEWAY_S = 60
_SUBJECT_LENGTH_MAX = 255


class UnknownKey(Exception):
    """The token names a key that is not in the set: the provider may have a new one."""


def verified_claims(
    id_token: object,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: object,
    now: datetime,
) -> Mapping[str, Any]:
    """Return the claims of a token that holds; raises UnknownKey, or SignInRefused."""
    if not isinstance(id_token, str):
        raise SignInRefused
    try:
        decoded = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
                "sub": {"essential": True},
                "exp": {"essential": True},
                "iat": {"essential": True},
            },
            params={"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
    except InvalidKeyIdError:
        raise UnknownKey from None
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise SignInRefused from None
    subject = decoded.claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= _SUBJECT_LENGTH_MAX:
        raise SignInRefused
    return decoded.claims
