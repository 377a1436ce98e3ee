"""Files from the object store by the signed addresses that generation hands out, and texts from itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from gateway.adapters.outbound.media_store import MediaStore
from gateway.domain.errors import GatewayError
from gateway.domain.generation import Output
from gateway.ports.output_contents import OutputContents
from gateway.ports.output_files import OutputUnreadable

# Between two parts of a file, not for all of it: a film takes as long as its reader does.
TIMEOUT_S = 10.0


class HttpOutputFiles:
    """Implements OutputFiles."""

    def __init__(self, client: httpx.AsyncClient, store: MediaStore, contents: OutputContents) -> None:
        self._client = client
        self._store = store
        self._contents = contents

    @asynccontextmanager
    async def open(self, output: Output) -> AsyncIterator[AsyncIterator[bytes]]:
        """See OutputFiles."""
        if output.signature is not None:
            yield _whole(await self._kept(output, output.signature))
            return
        asked = self._store.request_for(output)
        if asked is None:
            raise OutputUnreadable("it is not in the store")
        url, headers = asked
        try:
            async with self._client.stream("GET", url, headers=headers, timeout=TIMEOUT_S) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise OutputUnreadable(f"the store answers {answer.status_code}")
                yield answer.aiter_raw()
        except httpx.HTTPError as failure:
            raise OutputUnreadable(type(failure).__name__) from failure

    async def _kept(self, output: Output, signature: str) -> bytes:
        try:
            return (await self._contents.read(output.output_id, signature)).content
        except GatewayError as failure:
            raise OutputUnreadable(type(failure).__name__) from failure


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
