"""What operators measure about the writing of commands."""

from collections.abc import Mapping
from typing import Protocol


class Meter(Protocol):
    """Counts. Cheap: it is called once a batch."""

    def committed(self, *, commands: int, duration_s: float, outcomes: Mapping[tuple[str, str], int]) -> None:
        """Note a batch that was committed; `outcomes` counts by command and by `ok`, `replayed` or reason."""

    def waiting(self, commands: int) -> None:
        """Note that this many commands wait now."""

    def settled(self, held_s: float) -> None:
        """Note that a reservation was settled, this long after it was made."""

    def held(self, reservations: int) -> None:
        """Note that this many reservations are open now."""

    def verified(self, invariant: str, *, checked: int, violations: int) -> None:
        """Note that an invariant was checked."""

    def verification_finished(self) -> None:
        """Every invariant was checked just now."""


class NoMeter:
    """Measures nothing."""

    def committed(self, *, commands: int, duration_s: float, outcomes: Mapping[tuple[str, str], int]) -> None:
        """Forget it."""

    def waiting(self, commands: int) -> None:
        """Forget it."""

    def settled(self, held_s: float) -> None:
        """Forget it."""

    def held(self, reservations: int) -> None:
        """Forget it."""

    def verified(self, invariant: str, *, checked: int, violations: int) -> None:
        """Forget it."""

    def verification_finished(self) -> None:
        """Forget it."""
