"""A clock that a test moves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class HandClock:
    """Stands still until it is told to move; fits every service's `Clock` port."""

    time: datetime = START

    def now(self) -> datetime:
        """Return the time that was set."""
        return self.time

    def advance(self, by: timedelta | float = 0, **span: float) -> None:
        """Move the time on: `advance(2)` by seconds, `advance(hours=2)`, `advance(timedelta(hours=2))`."""
        self.time += by if isinstance(by, timedelta) else timedelta(seconds=by)
        self.time += timedelta(**span)
