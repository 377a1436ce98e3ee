"""A clock that a test moves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class HandClock:
    """Stands still until it is told to move; fits every service's `Clock` port."""

    time: datetime = START

    def now(self) -> datetime:
        """Return the time that was set."""
        return self.time

    def advance(self, by: timedelta | None = None, **span: float) -> None:
        """Move the time on, by a `timedelta` or by what makes one: `advance(seconds=2)`."""
        self.time += by if by is not None else timedelta(**span)
