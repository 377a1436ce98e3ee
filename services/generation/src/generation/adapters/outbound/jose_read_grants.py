"""Grants to read as JSON Web Tokens, signed with HMAC-SHA256."""

import hmac
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ValidationError

from generation.domain.identifiers import AccountId, OutputId
from generation.domain.read_grant import ReadGrant

ALGORITHM = "HS256"
AUDIENCE = "tintype.output"
SIGNED_BYTES_MAX = 1024


class GrantClaims(BaseModel, strict=True):
    """What is signed."""

    aud: str
    sub: str
    output: str
    exp: int


class JoseReadGrants:
    """The key is made of the secret that signs the store's addresses: who has that reads all files anyway."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(hmac.digest(secret.encode(), AUDIENCE.encode(), "sha256"))

    def sign(self, grant: ReadGrant) -> str:
        claims = GrantClaims(
            aud=AUDIENCE,
            sub=grant.account_id,
            output=grant.output_id,
            exp=int(grant.expires_at.timestamp()),
        )
        return jwt.encode({"alg": ALGORITHM}, claims.model_dump(), self._key)

    def open(self, signed: str) -> ReadGrant | None:
        if len(signed) > SIGNED_BYTES_MAX:
            return None
        try:
            token = jwt.decode(signed, self._key, algorithms=[ALGORITHM])
            claims = GrantClaims.model_validate(token.claims)
            expires_at = datetime.fromtimestamp(claims.exp, tz=UTC)
        except (JoseError, ValidationError, ValueError, OverflowError):
            return None
        if claims.aud != AUDIENCE:
            return None
        return ReadGrant(
            account_id=AccountId(claims.sub), output_id=OutputId(claims.output), expires_at=expires_at
        )
