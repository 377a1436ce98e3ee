"""Limits against guessing and against floods of mail."""

from enum import StrEnum
from typing import Protocol

from identity.domain.user import EmailAddress


class Action(StrEnum):
    """What is counted apart."""

    LOG_IN = "log_in"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - an action, not a secret


class Throttle(Protocol):
    """Counts attempts per client address, and per client address and account.

    Never per account alone: that would let a stranger lock its owner out.
    """

    async def admit(self, action: Action, *, client_address: str, email: EmailAddress) -> None:
        """Count one attempt; raises TooManyAttempts, or ThrottleUnavailable when nothing can be counted."""
        ...

    async def forgive(self, action: Action, *, client_address: str, email: EmailAddress) -> None:
        """Forget the attempts of this client on this account, after one of them succeeded; never raises."""
        ...
