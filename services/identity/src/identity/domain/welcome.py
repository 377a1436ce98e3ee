"""Whether and when a new person is welcomed; with how many credits is not ours to know."""

from dataclasses import dataclass
from enum import StrEnum


class Welcome(StrEnum):
    """What became of a person's welcome."""

    PENDING = "pending"
    """It comes once the address is verified."""
    GIVEN = "given"
    NONE = "none"
    """The mailbox was welcomed before."""


@dataclass(frozen=True, kw_only=True)
class WelcomePolicy:
    """What a person must do for it."""

    after_confirmation: bool
    once_per_mailbox: bool

    def decided(self, *, is_first: bool) -> Welcome:
        """Return what a person gets whose mailbox is welcomed for the first time, or not."""
        return Welcome.GIVEN if is_first or not self.once_per_mailbox else Welcome.NONE
