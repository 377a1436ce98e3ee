"""Users who generate and buy while things break, and what must be true of them afterwards."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from tintype_local.demo.checkout_page import pay
from tintype_local.demo.client import Client, Json, RefusedError
from tintype_local.demo.jobs import TERMINAL

PACK_CREDITS = 1000
BETWEEN_JOBS_S = 2.5
BUYS_EVERY = 8
ATTEMPTS_MAX = 5
PATIENCE_TRIES = 600
PASSWORD = "while everything breaks"


@dataclass(frozen=True)
class Kind:
    """One kind of job: what is asked for, how it may end, how often its provider may be called."""

    model: str
    given: dict[str, Any]
    may_end: frozenset[str]
    calls_max: int | None = None

    def prompt(self, unique: str) -> str:
        """The prompt, in words that no other job has."""
        return f"{self.given.get('prompt', '')} {unique}".strip()


SUCCEEDS, FAILS = frozenset({"succeeded"}), frozenset({"failed"})
# A call that broke after it was sent may have been billed: it is not made again, and the job fails.
EITHER = SUCCEEDS | FAILS
KINDS = (
    Kind("local/sketch", {}, SUCCEEDS),
    Kind("openai/gpt-image-1", {}, EITHER, calls_max=1),
    Kind("openai/chat", {"max_tokens": 200}, EITHER, calls_max=1),
    Kind("openai/gpt-image-1", {"prompt": "[[stall:4]]"}, EITHER, calls_max=1),
    Kind("local/sketch", {"simulate": "fail"}, FAILS),
    Kind("openai/gpt-image-1", {"prompt": "[[answer:bomb]]", "output_count": 3}, EITHER, calls_max=1),
    Kind("openai/gpt-image-1", {"prompt": "[[answer:gif]]"}, FAILS, calls_max=2),
    # A server's error, whatever the status it came with: tried again, and nothing was bought.
    Kind("openai/gpt-image-1", {"prompt": "[[answer:error_body]]"}, FAILS, calls_max=ATTEMPTS_MAX),
    Kind("openai/gpt-image-1", {"prompt": "[[fail:429:1]][[retry_after:3]]"}, EITHER, calls_max=2),
    Kind("openai/gpt-image-1", {"prompt": "[[cut]]"}, FAILS, calls_max=1),
    Kind("openai/chat", {"prompt": "[[answer:endless]]", "max_tokens": 64}, EITHER, calls_max=1),
    Kind("openai/chat", {"prompt": "[[answer:content_filter]]", "max_tokens": 64}, FAILS, calls_max=1),
)


class PatientClient(Client):
    """Waits out an outage of a minute, and signs in anew when its token has expired."""

    def __init__(self, url: str) -> None:
        super().__init__(url, retries_max=PATIENCE_TRIES)
        self.email = f"crowd-{uuid4().hex[:10]}@example.com"

    async def open_account(self) -> None:
        """Sign up, and wait for the welcome credits."""
        await self.sign_up(self.email, PASSWORD)
        async with asyncio.timeout(30):
            while not (await self.get("/v1/balance"))["available"]:
                await asyncio.sleep(0.1)

    async def _send(self, method: str, path: str, **options: Any) -> Json:
        for _ in range(PATIENCE_TRIES):
            try:
                return await super()._send(method, path, **options)
            except RefusedError as refused:
                if refused.status == httpx.codes.UNAUTHORIZED:
                    await self._sign_in()
                elif refused.status != httpx.codes.TOO_MANY_REQUESTS:
                    raise
            # What is repeated through an outage counts against the limit like anything else.
            await asyncio.sleep(1)
        raise TimeoutError(f"{method} {path}: refused {PATIENCE_TRIES} times")

    async def _sign_in(self) -> None:
        self.http.headers.pop("Authorization", None)
        given = {"email": self.email, "password": PASSWORD}
        answer = await super()._send("POST", "/v1/auth/login", json=given)
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"


class Person:
    """One user: starts a job every few seconds, buys a pack now and then, and keeps account of both."""

    def __init__(self, url: str, *, first_kind: int) -> None:
        self.client = PatientClient(url)
        self.asked: dict[str, tuple[Kind, str]] = {}
        self.purchases = 0
        self._kinds: Iterator[Kind] = itertools.islice(itertools.cycle(KINDS), first_kind, None)

    async def live(self, until: asyncio.Event) -> None:
        """Generate and buy until it is enough."""
        while not until.is_set():
            await self._generate(next(self._kinds))
            if len(self.asked) % BUYS_EVERY == 0:
                await self._buy()
            await asyncio.sleep(BETWEEN_JOBS_S)

    async def _generate(self, kind: Kind) -> None:
        prompt = kind.prompt(uuid4().hex)
        job = await self.client.post(
            "/v1/generations", model=kind.model, input={**kind.given, "prompt": prompt}
        )
        self.asked[job["id"]] = (kind, prompt)

    async def _buy(self) -> None:
        checkout = await self.client.post("/v1/checkout", pack="starter")
        self.purchases += 1
        while True:
            try:
                await pay(checkout["url"], email=self.client.email)
            except (httpx.HTTPError, RuntimeError):
                # The page was away. If the payment got through, paying again only says so.
                if (await self.client.get(f"/v1/checkout/{checkout['id']}"))["status"] == "complete":
                    return
                await asyncio.sleep(0.5)
            else:
                return

    async def settled(self, *, welcome: int, timeout_s: float) -> list[Json]:
        """Return the jobs once every one has ended, nothing is held and every credit is accounted for."""
        wanted = welcome + self.purchases * PACK_CREDITS
        balance: Json = {}
        jobs: list[Json] = []
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    balance = await self.client.get("/v1/balance")
                    jobs = await self.client.all_of("/v1/generations")
                    ended = all(job["status"] in TERMINAL for job in jobs)
                    charged = sum(job["credits"]["charged"] for job in jobs)
                    if ended and not balance["held"] and balance["available"] + charged == wanted:
                        return jobs
                    await asyncio.sleep(0.5)
        except TimeoutError:
            open_jobs = [job for job in jobs if job["status"] not in TERMINAL]
            raise AssertionError(f"not settled: {balance}, {wanted} wanted, open: {open_jobs}") from None


def lasted_s(job: Json) -> float:
    """Seconds from a job's start to its end."""
    if job["started_at"] is None:
        return 0.0
    started, finished = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()
