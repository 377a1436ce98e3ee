"""Tokens by which a device is known again (OWASP, "device cookies")."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.identifiers import DeviceId
from identity.domain.user import EmailAddress


@dataclass(frozen=True)
class KnownDevice:
    """A device on which the address's owner signed in before."""

    device_id: DeviceId
    is_old: bool
    """Whether its token should be replaced by a new one."""


class DeviceTokens(Protocol):
    """Signs that somebody signed in with an address on a device; opens nothing by itself."""

    def issue(self, email: EmailAddress, now: datetime) -> str:
        """Sign a token for a device on which this address's owner just proved to be one."""
        ...

    def known(self, token: str, email: EmailAddress, now: datetime) -> KnownDevice | None:
        """Return the device of a token that was issued for this address and is still good, or None."""
        ...
