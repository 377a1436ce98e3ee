"""How long to wait after failures in a row. Whoever waits keeps the loop: see ADR 27."""

import random

_DOUBLINGS_MAX = 30


def backoff_s(failures: int, *, first_s: float, max_s: float) -> float:
    """Return `first_s` after the first failure and twice as much after each further one, up to `max_s`.

    Of none, too, since a loop that ended without one may not spin.
    """
    doublings = min(max(failures - 1, 0), _DOUBLINGS_MAX)
    return min(max_s, first_s * float(2**doublings))


def jittered(delay_s: float) -> float:
    """Return between half of a delay and all of it, so that those who failed together come back apart."""
    return delay_s * random.uniform(0.5, 1)
