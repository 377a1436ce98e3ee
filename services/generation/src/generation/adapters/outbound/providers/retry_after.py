"""Until when somebody asks to be left alone."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A longer pause than a day is no pause.
RETRY_AFTER_S_MAX = 86_400.0


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """Seconds to wait, of a Retry-After header with seconds or an HTTP date; None of anything else."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(0.0, seconds), RETRY_AFTER_S_MAX) if math.isfinite(seconds) else None
