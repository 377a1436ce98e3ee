"""How long nobody is asked while there is an outage: ever longer, up to a bound."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

PAUSE_MAX_S = 30
_DOUBLINGS_MAX = 10


@dataclass
class OutagePause:
    """Grows with each outage in a row, and begins small again after an answer."""

    _outages: int = field(default=0, init=False)
    _until: datetime | None = field(default=None, init=False)

    def lasts(self, now: datetime) -> bool:
        """Return whether nobody is to be asked yet."""
        return self._until is not None and now < self._until

    def prolong(self, now: datetime) -> None:
        """Count one more outage, and pause from now on."""
        pause_s = min(PAUSE_MAX_S, 2 ** min(self._outages, _DOUBLINGS_MAX))
        self._outages += 1
        self._until = now + timedelta(seconds=pause_s)

    def end(self) -> None:
        """Forget the outages: somebody answered."""
        self._outages, self._until = 0, None
