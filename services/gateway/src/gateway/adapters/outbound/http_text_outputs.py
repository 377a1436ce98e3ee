"""Texts from generation itself, or from the object store by the signed addresses that it hands out."""

import codecs

import httpx
import structlog

from gateway.adapters.outbound.media_store import MediaStore
from gateway.domain.errors import GatewayError
from gateway.domain.generation import Output
from gateway.ports.output_contents import OutputContents
from gateway.ports.text_outputs import Excerpt

log = structlog.get_logger(__name__)

TIMEOUT_S = 2.0


class HttpTextOutputs:
    """Implements TextOutputs."""

    def __init__(self, client: httpx.AsyncClient, store: MediaStore, contents: OutputContents) -> None:
        self._client = client
        self._store = store
        self._contents = contents

    async def read(self, output: Output, *, size_max_bytes: int) -> Excerpt | None:
        """See TextOutputs."""
        try:
            if output.signature is not None:
                kept = await self._contents.read(output.output_id, output.signature)
                read: bytes | None = kept.content[:size_max_bytes]
            else:
                read = await self._stored(output, size_max_bytes)
        except (httpx.HTTPError, GatewayError) as failure:
            log.warning("a text can't be read", output=output.output_id, error=type(failure).__name__)
            return None
        if read is None:
            return None
        is_whole = len(read) >= output.size_bytes
        # A character that the cut went through is left out; what is no UTF-8 is shown as such.
        text = codecs.getincrementaldecoder("utf-8")("replace").decode(read, is_whole)
        return Excerpt(text=text, is_whole=is_whole)

    async def _stored(self, output: Output, size_max_bytes: int) -> bytes | None:
        asked = self._store.request_for(output)
        if asked is None:
            return None
        url, headers = asked[0], asked[1] | {"Range": f"bytes=0-{size_max_bytes - 1}"}
        return await self._beginning(url, headers, size_max_bytes)

    async def _beginning(self, url: str, headers: dict[str, str], size_max_bytes: int) -> bytes | None:
        async with self._client.stream("GET", url, headers=headers) as answer:
            if answer.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
                log.warning("a text can't be read", status=answer.status_code)
                return None
            read = bytearray()
            # A store that knows no ranges sends everything.
            async for chunk in answer.aiter_raw():
                read += chunk
                if len(read) >= size_max_bytes:
                    break
            return bytes(read[:size_max_bytes])
