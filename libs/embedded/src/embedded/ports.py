"""TCP ports on loopback: free ones, and whether one is taken."""

import itertools
import random
import socket

LOOPBACK = "127.0.0.1"


# Below what systems give to outgoing connections: one of those could take a port before its server listens.
_RANGE = range(20_000, 32_000)
# In an order of this process's own, so that processes side by side seldom try the same one, and none is
# handed out twice before all were.
_CANDIDATES = itertools.cycle(random.sample(_RANGE, len(_RANGE)))


def free_ports(count: int) -> list[int]:
    """Return distinct ports that were free a moment ago. Raises OSError when there are not so many."""
    free = (port for port in itertools.islice(_CANDIDATES, len(_RANGE)) if not port_in_use(port))
    found = list(itertools.islice(free, count))
    if len(found) < count:
        raise OSError(f"fewer than {count} ports from {_RANGE.start} to {_RANGE.stop} are free")
    return found


def port_in_use(port: int) -> bool:
    """Whether something on loopback, or on every address, holds this port."""
    for host in (LOOPBACK, "0.0.0.0"):  # noqa: S104 - a probe, closed at once
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return True
    return False


def answers(port: int) -> bool:
    """Whether something accepts connections on this port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0
