"""The time of day, behind the services' `Clock` ports."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time as an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)
