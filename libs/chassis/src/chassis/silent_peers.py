"""How long a database is waited for that says nothing any more.

A machine that lost its power, or a network that drops everything, closes no connection: without these a
statement that was sent waits for as long as the kernel repeats it, a quarter of an hour, and one that waits
for its answer for ever. Whoever runs a database may say otherwise in the address:
`...?keepalives_idle=60&tcp_user_timeout=60000`.
"""

from typing import Any

from sqlalchemy import make_url

CONNECT_TIMEOUT_S = 5
# What was sent has to be acknowledged within this.
UNANSWERED_MS = 20_000
# Nothing heard for so long: the other side's kernel is asked, so often, this far apart.
IDLE_S, PROBES, PROBES_APART_S = 10, 3, 5


def patience(url: str) -> dict[str, Any]:
    """Return libpq's arguments that bound every wait, but for those that the address says itself."""
    arguments = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives": 1,
        "keepalives_idle": IDLE_S,
        "keepalives_interval": PROBES_APART_S,
        "keepalives_count": PROBES,
        "tcp_user_timeout": UNANSWERED_MS,
    }
    said = make_url(url).query
    return {name: value for name, value in arguments.items() if name not in said}
