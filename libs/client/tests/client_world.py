"""What the client's tests share: both clients in front of a real gateway, whose services are in memory."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from pathlib import Path
from typing import Any

import httpx
from gateway.domain.event import GenerationMoved, Stream
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import AccountId, GenerationId, UploadId
from gateway_world import ORIGIN, Door, description
from tintype_client import AsyncFile, AsyncTintype, AsyncWebhooks, File, Retries, Tintype, Webhooks

STORE = "media.example"
PICTURE = b"\x89PNG, as it were"
AT_ONCE = Retries(delay_s=0, jitter=lambda: 0)


@dataclass
class Network(httpx.AsyncBaseTransport):
    """The gateway and the store of files, behind a network that fails as it is told to.

    `trouble` is what becomes of the next requests: an answer in place of theirs, an exception before they
    arrive, or `LOST`: they arrive, and their answer does not.
    """

    door: Door
    trouble: list[httpx.Response | Exception | str | None] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    stored: list[httpx.Response] = field(default_factory=list)
    works: bool = True

    def __post_init__(self) -> None:
        self._gateway = httpx.ASGITransport(self.door.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request, or not."""
        await request.aread()
        self.seen.append(request)
        trouble = self.trouble.pop(0) if self.trouble else None
        if isinstance(trouble, Exception):
            raise trouble
        if isinstance(trouble, httpx.Response):
            return trouble
        if request.url.host == STORE:
            answer = self.stored.pop(0) if self.stored else self._store(request)
        else:
            answer = await self._carried(request)
            await answer.aread()
            answer.request = request
            await description().hold(answer)
            if self.works and request.method == "GET":
                self.work()
        if trouble == LOST:
            raise httpx.ReadError("the answer did not come")
        return answer

    async def _carried(self, request: httpx.Request) -> httpx.Response:
        """Let the gateway answer; while it waits for a job, that comes further."""
        carrying = asyncio.ensure_future(self._gateway.handle_async_request(request))
        while self.works and "prefer" in request.headers and not carrying.done():
            self.work()
            for job in self.door.world.generations.jobs.values():
                moved = GenerationMoved(generation_id=job.generation_id, status=job.status, progress=1.0)
                await self.door.world.feed.append(AccountId(job.account_id), Stream.GENERATION, moved)
            await asyncio.sleep(0)
        return await carrying

    def _store(self, request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers, "the store is told who asks"
        if request.method == "GET":
            return httpx.Response(200, content=PICTURE)
        form = request.content
        assert int(request.headers["content-length"]) == len(form)
        key = form.split(b'name="key"\r\n\r\n')[1].split(b"\r\n")[0].decode()
        # The file comes last.
        sent = form.split(b"application/octet-stream\r\n\r\n")[1].rsplit(b"\r\n--", 1)[0]
        self.door.world.uploads.sent[UploadId(key.rpartition("/")[2])] = sent
        return httpx.Response(204)

    def work(self) -> None:
        """Let each job come a step further: queued, processing, succeeded."""
        for generation_id, job in list(self.door.world.generations.jobs.items()):
            if job.status is GenerationStatus.QUEUED:
                self.door.world.generations.start(generation_id)
            elif job.status is GenerationStatus.PROCESSING:
                self.finish(generation_id)

    def finish(self, generation_id: str, status: GenerationStatus = GenerationStatus.SUCCEEDED) -> None:
        """End a job; what it made lies in the store."""
        generations = self.door.world.generations
        job = generations.finish(GenerationId(generation_id), status)
        made = hashlib.sha256(PICTURE).hexdigest()
        outputs = tuple(replace(output, sha256=made) for output in job.outputs)
        generations.jobs[job.generation_id] = replace(job, outputs=outputs)


LOST = "lost"


class InAThread(httpx.BaseTransport):
    """The same network for the client that waits: it does so in a thread of its own."""

    def __init__(self, network: Network, loop: asyncio.AbstractEventLoop) -> None:
        self._network = network
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        request.read()
        carried = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        carrying = asyncio.run_coroutine_threadsafe(self._network.handle_async_request(carried), self._loop)
        answer = carrying.result(timeout=30)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


async def ask(thing: Any, name: str, *args: Any, **given: Any) -> Any:
    """Call a method of either client, or of a file of either's, and return all that comes of it."""
    method = getattr(thing, name)
    if isinstance(thing, AsyncTintype | AsyncFile | AsyncWebhooks):
        made = method(*args, **given)
        if hasattr(made, "__aiter__"):
            return [each async for each in made]
        return await made if isawaitable(made) else made

    def work() -> Any:
        made = method(*args, **given)
        return list(made) if isinstance(made, Iterator) else made

    assert isinstance(thing, Tintype | File | Webhooks)
    return await asyncio.to_thread(work)


def client_of(kind: type[Any], network: Network, token: str) -> Any:
    """Return a client of this kind, over a network."""
    transport = InAThread(network, asyncio.get_running_loop()) if kind is Tintype else network
    http: Any = (httpx.Client if kind is Tintype else httpx.AsyncClient)(transport=transport)
    return kind(ORIGIN, token, retries=AT_ONCE, http_client=http)


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [path.name for path in folder.iterdir()]
