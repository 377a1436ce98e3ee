"""Limits against guessing, against floods of mail and against floods of accounts."""

from enum import StrEnum
from typing import Protocol

from identity.domain.identifiers import DeviceId
from identity.domain.user import EmailAddress


class Action(StrEnum):
    """What is counted apart."""

    LOG_IN = "log_in"
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - an action, not a secret
    CHANGE_EMAIL = "change_email"
    SECOND_FACTOR = "second_factor"
    """A code ends a sign-in. Whoever knows the password alone uses up this count, and none of the others."""
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    STEP_UP_CODE = "step_up_code"
    PASSKEY = "passkey"
    CONFIRM = "confirm"
    """Somebody who is signed in says the password once more."""


class Throttle(Protocol):
    """Counts attempts; each method counts one.

    Raises TooManyAttempts, or ThrottleUnavailable when nothing can be counted.
    """

    async def admit(self, action: Action, *, client_address: str | None, email: EmailAddress) -> None:
        """Count against the client, against the client on this address, and against the address.

        The last bound is the widest and holds for all clients together: what one client is refused does not
        count there, so that nobody uses it up alone.
        """
        ...

    async def admit_device(self, device_id: DeviceId) -> None:
        """Count a log-in on a known device, and against nothing else: strangers can't use its limit up."""
        ...

    async def admit_sign_up(self, client_address: str | None) -> None:
        """Count a new account against the client's network."""
        ...

    async def forgive(
        self, *, client_address: str | None, email: EmailAddress, device_id: DeviceId | None = None
    ) -> None:
        """Forget the failed log-ins of this client or device, after one that succeeded; never raises."""
        ...
