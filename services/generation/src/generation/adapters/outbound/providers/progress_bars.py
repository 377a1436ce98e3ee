"""How far a run is, as the bars show that progress libraries write into its logs."""

import re

# The last bar counts.
PERCENT = re.compile(r"^\s*(\d{1,3})%\|", re.MULTILINE)
LOGS_READ_MAX = 20_000


def last_bar(logs: str) -> float:
    """Return the share that is done; nothing where no bar is, as nothing is made up."""
    found = PERCENT.findall(logs[-LOGS_READ_MAX:])
    return min(1.0, int(found[-1]) / 100) if found else 0.0
