"""Many streams at once, in a process of their own: `python -m bench.path.crowd_client SPEC`.

Each line that it prints says where it is; the next is begun when somebody writes a line back.
"""

import asyncio
import contextlib
import json
import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import uvloop

from bench.path.chat_client import CHARGED, LAST_BYTES, WORD, question
from bench.path.connection import CRAWLER_BYTES, READ_BYTES, Connection, Refused

TOKENS_MAX, ENDLESS_TOKENS_MAX = 64, 16_000
# So many begin in a second: what is measured is how many there are, not how they come.
BEGIN_A_SECOND = 40
OVER_WITHIN_S = 300.0
BACK_WITHIN_S, AGAIN_S = 30.0, 0.1
CRAWLS_S, READS_ON_S = 6.0, 2.0
EVENT = re.compile(rb"data: ")


@dataclass(frozen=True, kw_only=True)
class CrowdSpec:
    """How many streams, one word of each in `pace_s`; how many of them vanish, and how many others crawl."""

    url: str
    path: str
    model: str
    keys: tuple[str, ...]
    streams: int
    vanish: int
    crawl: int
    pace_s: float
    steady_s: float

    def as_json(self) -> str:
        """Return it for the other process."""
        return json.dumps(asdict(self))

    @property
    def words(self) -> int:
        """Return how many words outlast everybody's beginning, the steady seconds and those that vanish."""
        return int((self.streams / BEGIN_A_SECOND * 2 + self.steady_s + 10) / self.pace_s)


@dataclass
class Stream:
    """One of them."""

    connection: Connection
    # The key of whose it is, and its own.
    user: str
    key: str = field(default_factory=lambda: uuid4().hex)
    asked: dict[str, Any] = field(default_factory=dict)
    first_s: float = 0.0
    events: int = 0
    received_bytes: int = 0
    last: bytes = b""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_read: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, path: str) -> None:
        """Read to the end, or until nobody may."""
        began = time.perf_counter()
        async for piece in self.connection.post(path, self.asked, {"Idempotency-Key": self.key}):
            self.events += len(EVENT.findall(piece))
            self.received_bytes += len(piece)
            self.last = self.last[-LAST_BYTES:] + piece
            if not self.begun.is_set() and WORD.search(self.last):
                self.first_s = time.perf_counter() - began
                self.begun.set()
            if self.begun.is_set():
                await self.may_read.wait()

    @property
    def is_whole(self) -> bool:
        """Whether it ended as a stream ends, and said what it cost."""
        return b"data: [DONE]" in self.last and bool(CHARGED.search(self.last))


class Crowd:
    """All of them."""

    def __init__(self, spec: CrowdSpec) -> None:
        self.spec = spec

    async def run(self) -> dict[str, Any]:
        """Return what they met: times of first words, and what those that came back were charged."""
        async with asyncio.timeout(OVER_WITHIN_S):
            return await self._streamed() | await self._crawled()

    async def _streamed(self) -> dict[str, Any]:
        streams = [self._stream(number) for number in range(self.spec.streams)]
        async with asyncio.TaskGroup() as running:
            reading = await self._all_begun(streams, running)
            await said("begun")
            before, began = sum(stream.events for stream in streams), time.perf_counter()
            await asyncio.sleep(self.spec.steady_s)
            events = sum(stream.events for stream in streams) - before
            took_s = time.perf_counter() - began
            await said("steady", events=events)
            gone = streams[: self.spec.vanish]
            for stream, task in zip(gone, reading, strict=False):
                task.cancel()
                stream.connection.close()
            await said("vanished")
            back = [await self._back(stream) for stream in gone]
        if not all(stream.is_whole for stream in streams[self.spec.vanish :]):
            raise RuntimeError("a stream did not end as it should")
        await said("ended")
        firsts = sorted(stream.first_s * 1000 for stream in streams)
        return {
            "first_p50_ms": statistics.median(firsts),
            "first_p99_ms": firsts[int(len(firsts) * 0.99)],
            "events_s": events / took_s,
            "back_credits": statistics.median(back) if back else 0,
        }

    async def _all_begun(
        self, streams: Sequence[Stream], running: asyncio.TaskGroup
    ) -> list[asyncio.Task[None]]:
        tasks = []
        for stream in streams:
            stream.may_read.set()
            tasks.append(running.create_task(stream.run(self.spec.path)))
            await asyncio.sleep(1 / BEGIN_A_SECOND)
        for stream in streams:
            await stream.begun.wait()
        return tasks

    async def _back(self, stream: Stream) -> int:
        """Ask again under the same key; return what it cost, once it is settled."""
        async with asyncio.timeout(BACK_WITHIN_S), Connection(self.spec.url, stream.user) as connection:
            while True:
                again = Stream(connection, user=stream.user, key=stream.key, asked=stream.asked)
                again.may_read.set()
                try:
                    await again.run(self.spec.path)
                except Refused as refusal:
                    if refusal.status != httpx.codes.CONFLICT:
                        raise
                    await asyncio.sleep(AGAIN_S)
                    continue
                if not (again.is_whole and again.begun.is_set()):
                    raise RuntimeError("nothing is left of what came")
                return int(CHARGED.findall(again.last)[-1])

    async def _crawled(self) -> dict[str, Any]:
        """Have some read nothing for a while of answers that do not end, go on reading, and leave."""
        crawlers = [self._stream(number, crawls=True) for number in range(self.spec.crawl)]
        tasks = [asyncio.create_task(crawler.run(self.spec.path)) for crawler in crawlers]
        begun = asyncio.gather(*(crawler.begun.wait() for crawler in crawlers))
        either: set[asyncio.Future[Any]] = {begun, *tasks}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            raise RuntimeError(f"not all who crawl have begun: {[task for task in tasks if task.done()]}")
        # Whatever there is room for on the way fills up first.
        await asyncio.sleep(CRAWLS_S / 2)
        await said("crawling")
        await asyncio.sleep(CRAWLS_S)
        before = sum(crawler.received_bytes for crawler in crawlers)
        await said("crawled")
        for crawler in crawlers:
            crawler.may_read.set()
        await asyncio.sleep(READS_ON_S)
        read_on = sum(crawler.received_bytes for crawler in crawlers) - before
        if any(task.done() for task in tasks) or not read_on:
            raise RuntimeError("who crawled did not go on reading")
        for crawler, task in zip(crawlers, tasks, strict=True):
            task.cancel()
            crawler.connection.close()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await said("left")
        return {"crawl_read_on_kib": read_on / 1024}

    def _stream(self, number: int, *, crawls: bool = False) -> Stream:
        spec = self.spec
        user = spec.keys[number % len(spec.keys)]
        read_ahead_bytes = CRAWLER_BYTES if crawls else READ_BYTES
        more = "[[answer:endless]]" if crawls else f"[[words:{spec.words}]][[pace:{spec.pace_s}]]"
        tokens_max = ENDLESS_TOKENS_MAX if crawls else max(TOKENS_MAX, 2 * spec.words)
        asked = question(spec.model, is_streamed=True, more=more, tokens_max=tokens_max)
        return Stream(
            Connection(spec.url, user, read_ahead_bytes=read_ahead_bytes), user=user, asked=dict(asked)
        )


async def said(where: str, **more: Any) -> None:
    """Tell whoever measures, and wait until they have looked."""
    print(json.dumps({"where": where, **more}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


def main(arguments: Sequence[str]) -> int:
    """Gather; returns the exit code."""
    given = json.loads(arguments[0])
    crowd = Crowd(CrowdSpec(**{**given, "keys": tuple(given["keys"])}))
    print(json.dumps({"where": "over", **uvloop.run(crowd.run())}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
