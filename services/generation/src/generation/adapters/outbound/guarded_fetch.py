"""Fetches what a provider points at, and nothing that it should not point at.

Only https, only public addresses: `chassis.checked_network` says how.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpcore
from chassis.checked_network import CheckedNetwork
from chassis.fetch_address import AddressRefused, parsed, redirected

from generation.ports.media_intake import OutputUnreachable, OutputUnusable

REDIRECTS_MAX = 3
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
# The host may have the file in a moment.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
TOTAL_TIMEOUT_S = 120.0


class GuardedClient:
    """One pool of checked connections. `allow_loopback` also lets plain http to this machine through."""

    def __init__(self, *, allow_loopback: bool, size_bytes_max: int) -> None:
        self._schemes = ("https", "http") if allow_loopback else ("https",)
        self.size_bytes_max = size_bytes_max
        self._pool = httpcore.AsyncConnectionPool(
            network_backend=CheckedNetwork(allow_loopback=allow_loopback), max_connections=8
        )

    def output(self, url: str) -> "FetchedOutput":
        """Return the file at `url`, fetched when it is read."""
        return FetchedOutput(self, url)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def stream(self, url: str) -> AsyncIterator[bytes]:
        """Return the bytes at `url`, redirects followed and checked.

        Raises OutputUnusable, and nothing else, whatever the address and whatever its host does:
        OutputUnreachable when it may answer better later.
        """
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                for _ in range(REDIRECTS_MAX + 1):
                    address = parsed(url, schemes=self._schemes)
                    async with self._pool.stream("GET", address, extensions=_TIMEOUTS) as response:
                        if response.status in REDIRECT_STATUSES:
                            url = redirected(url, _header(response, b"location"))
                            continue
                        async for piece in self._body(response):
                            yield piece
                        return
                raise OutputUnusable("the file's address redirects too often")
        except OutputUnusable:
            raise
        except AddressRefused as error:
            raise OutputUnusable(f"the file can't be fetched: {error}") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError) as error:
            raise OutputUnreachable(f"the file can't be fetched: {type(error).__name__}") from error
        except OSError as error:
            # A name that can't be resolved, and all the time that there was.
            raise OutputUnreachable(f"the file can't be fetched: {error}") from error
        except Exception as error:
            # Of addresses that only look like one, each library has its own opinion.
            raise OutputUnusable(f"the file can't be fetched: {type(error).__name__}") from error

    async def _body(self, response: httpcore.Response) -> AsyncIterator[bytes]:
        if response.status in PASSING_STATUSES:
            raise OutputUnreachable(f"the file's address answered {response.status}")
        if response.status != 200:
            raise OutputUnusable(f"the file's address answered {response.status}")
        received = 0
        async for piece in response.aiter_stream():
            received += len(piece)
            if received > self.size_bytes_max:
                raise OutputUnusable(f"the file is larger than {self.size_bytes_max} bytes")
            yield piece


@dataclass(frozen=True)
class FetchedOutput:
    """A provider's answer that only points at the bytes."""

    client: GuardedClient
    url: str

    def stream(self) -> AsyncIterator[bytes]:
        return self.client.stream(self.url)


def _header(response: httpcore.Response, name: bytes) -> bytes:
    return next((value for key, value in response.headers if key.lower() == name), b"")


_TIMEOUTS = {
    "timeout": {"connect": CONNECT_TIMEOUT_S, "read": READ_TIMEOUT_S, "write": READ_TIMEOUT_S, "pool": 30.0}
}
