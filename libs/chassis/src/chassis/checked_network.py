"""Connections to where strangers point, and to nothing of ours.

The name is resolved here and the connection goes to an address that was checked, so a name that changes its
mind in between (DNS rebinding) reaches only what is public.
"""

import asyncio
import socket
from collections.abc import Iterable

import httpcore

from chassis.fetch_address import AddressRefused, is_loopback, is_public


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that pass the check, whatever name they go by."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, connect. Raises AddressRefused for an address that is off limits."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [entry[4][0] for entry in found]
        if not addresses or not all(self._may_reach(str(address)) for address in addresses):
            raise AddressRefused("the address is not a public one")
        return await self._network.connect_tcp(
            str(addresses[0]), port, timeout, local_address, socket_options
        )

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109, httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise AddressRefused("a socket of this machine is no address")

    async def sleep(self, seconds: float) -> None:
        """Wait between connection attempts."""
        await asyncio.sleep(seconds)

    def _may_reach(self, address: str) -> bool:
        return is_public(address) or (self._allow_loopback and is_loopback(address))
