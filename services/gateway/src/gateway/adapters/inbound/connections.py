"""How many connections there may be, overall and from one client, and who makes room for another."""

import resource
from collections import Counter as Tally
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from prometheus_client import Counter, Gauge

FILES_BESIDE = 256
"""Files that are open beside the connections of clients."""
_OPEN = Gauge("gateway_connections_open", "Connections of clients")
ENDED = Counter("gateway_connections_ended_total", "Connections that were ended by a bound", ["bound"])


@dataclass(frozen=True, kw_only=True)
class ConnectionBounds:
    """How many connections, and how many seconds for what."""

    open_max: int = 4_096
    per_client_max: int = 256
    header_s: float = 10.0
    """From the first byte, or from the connection, to the end of a header."""
    header_bytes_max: int = 64 * 1024
    body_s: float = 30.0
    upload_s: float = 300.0
    """Of a body that is a file, in place of `body_s`."""
    stalled_s: float = 30.0
    """Until a reader has taken what waits for it, some 50 KB."""
    trusted_proxies: str = ""
    """Networks with commas, or `*`: they speak for many clients, and only `open_max` counts for them."""


def room_for(wanted: int) -> int:
    """How many connections this process may hold; raises its limit of open files as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    needed = wanted + FILES_BESIDE
    reached = max(soft, needed if hard == resource.RLIM_INFINITY else min(hard, needed))
    resource.setrlimit(resource.RLIMIT_NOFILE, (reached, hard))
    return min(wanted, reached - FILES_BESIDE)


class Connection(Protocol):
    """What the count knows of one connection."""

    @property
    def client_key(self) -> str:
        """Who is at its other end, as `client_key` says."""
        ...

    def drop(self) -> None:
        """End it at once and forget it."""
        ...


class Connections:
    """Every open connection of a server; at a bound the one that is longest without a request goes."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self.bounds = bounds
        self._open = 0
        self._by_client: Tally[str] = Tally()
        # Those that have no request in hand, the oldest first.
        self._waiting: dict[Connection, None] = {}
        self._trusted = [ip_network(network, strict=False) for network in _networks(bounds.trusted_proxies)]

    def admit(self, connection: Connection) -> bool:
        """Count a new connection; False when nobody can make room for it."""
        client = connection.client_key
        if self._open >= self.bounds.open_max and not self._evict(None):
            return False
        too_many = self._by_client[client] >= self.bounds.per_client_max and not self._is_trusted(client)
        if too_many and not self._evict(client):
            return False
        self._open += 1
        self._by_client[client] += 1
        _OPEN.inc()
        return True

    def forget(self, connection: Connection) -> None:
        """Count a connection no more that was admitted and is over."""
        self._waiting.pop(connection, None)
        self._open -= 1
        self._by_client[connection.client_key] -= 1
        if not self._by_client[connection.client_key]:
            del self._by_client[connection.client_key]
        _OPEN.dec()

    def waits(self, connection: Connection) -> None:
        """Note that a connection has no request in hand now."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def works(self, connection: Connection) -> None:
        """Note that a connection has a whole header."""
        self._waiting.pop(connection, None)

    def _evict(self, client: str | None) -> bool:
        for connection in self._waiting:
            if client is None or connection.client_key == client:
                ENDED.labels("evicted").inc()
                connection.drop()
                return True
        return False

    def _is_trusted(self, client: str) -> bool:
        if self.bounds.trusted_proxies.strip() == "*":
            return True
        try:
            address = ip_address(client.partition("/")[0])
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def client_key(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the network of an IPv6 one, of which anybody has many."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def _networks(listed: str) -> list[str]:
    return [network.strip() for network in listed.split(",") if network.strip() not in ("", "*")]
