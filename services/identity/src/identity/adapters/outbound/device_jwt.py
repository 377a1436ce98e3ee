"""Device tokens as JWTs, signed with the keys of access tokens and of a type that nobody else accepts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from joserfc.jwt import JWTClaimsRegistry

from identity.adapters.outbound.jwt import ALGORITHM, called_eddsa, signed
from identity.domain.identifiers import DeviceId
from identity.domain.user import EmailAddress
from identity.ports.device_tokens import KnownDevice
from identity.ports.id_source import IdSource

TOKEN_TYPE = "device+jwt"  # noqa: S105 - a media type


@dataclass(frozen=True)
class JwtDeviceTokens:
    """Signs with the first key and accepts any of them; implements DeviceTokens.

    The address is in it as a digest: the token lies on devices for a year.
    """

    keys: Sequence[OKPKey]
    issuer: str
    ttl: timedelta
    ids: IdSource

    def issue(self, email: EmailAddress, now: datetime) -> str:
        """See DeviceTokens."""
        issued_at = int(now.timestamp())
        claims = {
            "iss": self.issuer,
            "aud": self._audience,
            "sub": _digest(email),
            "jti": self.ids.new("dev"),
            "iat": issued_at,
            "exp": issued_at + int(self.ttl.total_seconds()),
        }
        return signed(claims, self.keys[0], token_type=TOKEN_TYPE)

    def known(self, token: str, email: EmailAddress, now: datetime) -> KnownDevice | None:
        """See DeviceTokens."""
        try:
            with called_eddsa():
                decoded = jwt.decode(token, KeySet(list(self.keys)), algorithms=[ALGORITHM])
            if decoded.header.get("typ") != TOKEN_TYPE or "kid" not in decoded.header:
                return None
            self._rules(email, now).validate(decoded.claims)
            expires_at_s = int(decoded.claims["exp"])
            is_old = expires_at_s - now.timestamp() < self.ttl.total_seconds() / 2
            return KnownDevice(DeviceId(str(decoded.claims["jti"])), is_old=is_old)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            return None

    @property
    def _audience(self) -> str:
        return f"{self.issuer}/devices"

    def _rules(self, email: EmailAddress, now: datetime) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True, "value": _digest(email)},
            jti={"essential": True},
            exp={"essential": True},
        )


def _digest(email: EmailAddress) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()
