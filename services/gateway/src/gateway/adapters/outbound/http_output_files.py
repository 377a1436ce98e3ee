"""Files from the object store, by the signed addresses that generation hands out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from gateway.adapters.outbound.media_store import MediaStore
from gateway.domain.generation import Output
from gateway.ports.output_files import OutputUnreadable

# Between two parts of a file, not for all of it: a film takes as long as its reader does.
TIMEOUT_S = 10.0


class HttpOutputFiles:
    """Implements OutputFiles."""

    def __init__(self, client: httpx.AsyncClient, store: MediaStore) -> None:
        self._client = client
        self._store = store

    @asynccontextmanager
    async def open(self, output: Output) -> AsyncIterator[AsyncIterator[bytes]]:
        """See OutputFiles."""
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
