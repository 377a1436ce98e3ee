"""Files that a provider's own API serves, to whoever has our key."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx

from generation.adapters.outbound.guarded_fetch import PASSING_STATUSES, TOTAL_TIMEOUT_S
from generation.adapters.outbound.providers.http_api import HttpApi
from generation.ports.media_intake import OutputUnreachable, OutputUnusable


@dataclass(frozen=True)
class ServedFile:
    """A file at the API's address, which is in the settings: it may be in a network of ours.

    Nothing else is reached: a redirect is no file. Implements RunOutput.
    """

    api: HttpApi
    path: str
    params: Mapping[str, str]
    size_bytes_max: int

    async def stream(self) -> AsyncIterator[bytes]:
        """See RunOutput."""
        try:
            async with (
                asyncio.timeout(TOTAL_TIMEOUT_S),
                self.api.streamed(self.path, self.params) as response,
            ):
                _check(response)
                received = 0
                async for piece in response.aiter_raw():
                    received += len(piece)
                    if received > self.size_bytes_max:
                        raise OutputUnusable(f"the file is larger than {self.size_bytes_max} bytes")
                    yield piece
        except (httpx.TransportError, TimeoutError) as error:
            raise OutputUnreachable(f"the file can't be fetched: {type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OutputUnusable(f"the file can't be fetched: {type(error).__name__}") from error


def _check(response: httpx.Response) -> None:
    """Raise for whatever is no file."""
    if response.status_code in PASSING_STATUSES:
        raise OutputUnreachable(f"the file's address answered {response.status_code}")
    if response.status_code != 200:
        raise OutputUnusable(f"the file's address answered {response.status_code}")
