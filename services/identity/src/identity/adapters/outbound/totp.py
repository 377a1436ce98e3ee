"""Codes of authenticator apps by pyotp; implements OneTimeCodes."""

import hmac
from dataclasses import dataclass
from datetime import datetime

import pyotp

_NEIGHBOURS = (0, -1, 1)


@dataclass(frozen=True)
class PyotpCodes:
    """Six digits of thirty seconds, as every app has them; a clock may be one step wrong."""

    issuer: str = "Tintype"

    def new_secret(self) -> str:
        """See OneTimeCodes."""
        return pyotp.random_base32()

    def uri(self, secret: str, account: str) -> str:
        """See OneTimeCodes."""
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=self.issuer)

    def step_of(self, secret: str, code: str, now: datetime) -> int | None:
        """See OneTimeCodes."""
        codes, step = pyotp.TOTP(secret), int(now.timestamp()) // 30
        for neighbour in _NEIGHBOURS:
            if hmac.compare_digest(codes.generate_otp(step + neighbour).encode(), code.encode()):
                return step + neighbour
        return None
