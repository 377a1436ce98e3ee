"""The callers, in a process of their own: `python -m bench.path.client SPEC` prints what they reached."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from typing import Protocol
from uuid import uuid4

import httpx
import uvloop

from bench.path.listener import Person

MODEL, MAX_TOKENS = "openai/chat", 32
# A caller that waits longer than this has lost its job.
JOB_TIMEOUT_S = 120.0
# What a client sends again under the same key: nobody knows whether it was done.
REPEATED = frozenset({502, 503, 504})
PAUSE_S = 0.5

# Accepted, ended and paid for, in seconds since the request was sent; a straight call has its end alone.
Steps = Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to do: so many callers, spread over these people, for so long."""

    url: str
    tokens: tuple[str, ...]
    callers: int
    warm_up_s: float
    seconds: float
    # The provider itself is called, at `url` and with the only token as its key.
    straight: bool = False

    def as_json(self) -> str:
        """Return it for the other process."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What the callers reached. `jobs` counts all that ran, those of the warm-up too."""

    jobs: int
    jobs_s: float
    p50_ms: tuple[float, ...]
    p99_ms: tuple[float, ...]
    caller_ms: float


@dataclass
class Meter:
    """Takes the time of the jobs that end after the warm-up.

    A caller begins no job after the last measured second, and what was begun is waited for: the seconds are
    counted until the last end, so that a slow machine measures as well, if for longer.
    """

    begins: float
    jobs: int = 0
    last: float = 0.0
    steps_ms: list[list[float]] = field(default_factory=list)

    def record(self, began: float, steps: Steps) -> None:
        """Note one job."""
        self.jobs += 1
        self.last = max(self.last, began + steps[-1])
        if began + steps[-1] >= self.begins:
            self.steps_ms.append([step * 1000 for step in steps])

    def reached(self, *, busy_s: float) -> Reached:
        """Return what it comes to."""
        cuts = [
            # Of one job the percentiles are itself.
            statistics.quantiles([*column, *column], n=100, method="inclusive")
            for column in zip(*self.steps_ms, strict=True)
        ]
        return Reached(
            jobs=self.jobs,
            jobs_s=len(self.steps_ms) / (self.last - self.begins),
            p50_ms=tuple(cut[49] for cut in cuts),
            p99_ms=tuple(cut[98] for cut in cuts),
            caller_ms=busy_s / self.jobs * 1000,
        )


class Pace(Protocol):
    """How many callers there are, and for how long."""

    @property
    def callers(self) -> int: ...
    @property
    def warm_up_s(self) -> float: ...
    @property
    def seconds(self) -> float: ...


async def drive(spec: Pace, step: Callable[[int], Awaitable[Steps]]) -> Reached:
    """Let each caller do one job after the other; every job that was begun is waited for."""
    busy, begins = time.process_time(), time.perf_counter() + spec.warm_up_s
    meter, ends = Meter(begins), begins + spec.seconds

    async def caller(number: int) -> None:
        while (began := time.perf_counter()) < ends:
            meter.record(began, await step(number))

    async with asyncio.TaskGroup() as tasks:
        for number in range(spec.callers):
            tasks.create_task(caller(number))
    return meter.reached(busy_s=time.process_time() - busy)


async def start(person: Person) -> str:
    """Post a job, again where no answer came in time; return its id."""
    body = {"model": MODEL, "input": {"prompt": f"a short answer, {uuid4().hex}", "max_tokens": MAX_TOKENS}}
    headers = {"Idempotency-Key": uuid4().hex}
    while True:
        try:
            answer = await person.http.post("/v1/generations", json=body, headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(PAUSE_S)
            continue
        if answer.status_code == httpx.codes.ACCEPTED:
            return str(answer.json()["id"])
        if answer.status_code not in REPEATED:
            raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
        await asyncio.sleep(PAUSE_S)


async def generate(person: Person) -> Steps:
    """Start a job; return once its end was told and its charge is in the balance."""
    began, job = time.perf_counter(), ""
    try:
        async with asyncio.timeout(JOB_TIMEOUT_S):
            job = await start(person)
            accepted = time.perf_counter()
            ended = await person.ended(job)
            paid = max(ended, await person.paid(job))
    except TimeoutError:
        raise RuntimeError(f"{job or 'a job'} did not end within {JOB_TIMEOUT_S} s") from None
    return accepted - began, ended - began, paid - began


async def through_the_product(spec: Spec) -> Reached:
    """Every caller is one of the people, who listen to one stream each."""
    async with AsyncExitStack() as opened, asyncio.TaskGroup() as listening:
        people = [Person(spec.url, token) for token in spec.tokens[: spec.callers]]
        listeners = []
        for person in people:
            opened.push_async_callback(person.http.aclose)
            await person.arrive()
            listeners.append(listening.create_task(person.listen()))
            await person.until_listening()
        reached = await drive(spec, lambda number: generate(people[number % len(people)]))
        for listener in listeners:
            listener.cancel()
    return reached


async def straight(spec: Spec) -> Reached:
    """Every caller asks the provider itself, in the words in which the worker asks it."""
    (key,) = spec.tokens
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=spec.url, headers=headers, timeout=60, limits=limits) as http:

        async def call(_number: int) -> Steps:
            began = time.perf_counter()
            async with asyncio.timeout(JOB_TIMEOUT_S):
                # A kept connection may be closed at the moment in which it is used again.
                while not await is_answered():
                    pass
            return (time.perf_counter() - began,)

        async def is_answered() -> bool:
            message = {"role": "user", "content": f"a short answer, {uuid4().hex}"}
            body = {
                "model": "gpt-4.1-mini",
                "messages": [message],
                "max_tokens": MAX_TOKENS,
                "stream": True,
                "stream_options": {"include_usage": True},
            }
            try:
                async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
                    answer.raise_for_status()
                    async for _ in answer.aiter_lines():
                        pass
            except httpx.TransportError:
                await asyncio.sleep(PAUSE_S)
                return False
            return True

        return await drive(spec, call)


def main(arguments: Sequence[str]) -> int:
    """Drive; returns the exit code."""
    given = json.loads(arguments[0])
    spec = Spec(**{**given, "tokens": tuple(given["tokens"])})
    reached = uvloop.run(straight(spec) if spec.straight else through_the_product(spec))
    print(json.dumps(asdict(reached)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
