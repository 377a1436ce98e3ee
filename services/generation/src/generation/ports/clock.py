"""Time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """Return this moment."""
        ...
