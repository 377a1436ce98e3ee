"""What both clients do, step by step: a generator says what is to happen, a client makes it happen."""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeVar

from tintype_client.answers import Generation
from tintype_client.errors import ConnectionFailed, UnexpectedAnswer
from tintype_client.messages import Answer, Call, Request

T = TypeVar("T")

# Requests of this library may be repeated, but for those that say otherwise: what creates has a key, and the
# others change nothing twice.
REPEATED = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Send:
    """Send a request; the outcome is its Answer. Raises ConnectionFailed."""

    request: Request


@dataclass(frozen=True)
class Fetch:
    """Write what lies at a signed address into a file; the outcome is Fetched. Raises ConnectionFailed."""

    url: str
    into: BinaryIO


@dataclass(frozen=True)
class Fetched:
    """What came: `sha256` of it, in hexadecimal digits."""

    status: int
    sha256: str


@dataclass(frozen=True)
class Pause:
    """Let time pass."""

    delay_s: float


@dataclass(frozen=True)
class Tell:
    """Say how far a generation is."""

    generation: Generation


Step = Send | Fetch | Pause | Tell
# What a step comes to depends on the step, which a generator's type has no word for.
Steps = Generator[Step, object, T]


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often, and how long after each other, a request is sent that may succeed later.

    Delays double from `delay_s` to `delay_s_max`, each between half of that and all of it. The API's own word
    (`Retry-After`) goes before, unless it is longer than `retry_after_s_max`: then the refusal is raised at
    once.
    """

    attempts_max: int = 5
    delay_s: float = 0.5
    delay_s_max: float = 20
    retry_after_s_max: float = 60
    deadline: float | None = None
    """When, on `monotonic`, it is too late for another one."""
    jitter: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic

    def pause_s(self, attempt: int, retry_after_s: float | None = None) -> float | None:
        """Return how long to wait after the attempt of this number, from 1; None to give up."""
        if attempt >= self.attempts_max:
            return None
        longest = min(self.delay_s_max, self.delay_s * 2.0 ** (attempt - 1))
        pause_s = longest * (0.5 + self.jitter() / 2)
        if retry_after_s is not None:
            if retry_after_s > self.retry_after_s_max:
                return None
            # Whoever was told the same moment does not come back at the same moment.
            pause_s = retry_after_s + self.delay_s * self.jitter()
        if self.deadline is not None and self.monotonic() + pause_s >= self.deadline:
            return None
        return pause_s

    def until(self, deadline: float) -> "Retries":
        """Return the same with an end."""
        return replace(self, deadline=deadline)


def send(request: Request, retries: Retries) -> Steps[Answer]:
    """Send until it succeeds. Raises ApiError and ConnectionFailed once it is time to give up."""
    attempt = 1
    while True:
        try:
            answer = yield Send(request)
            assert isinstance(answer, Answer)  # noqa: S101 - as a Send comes out
        except ConnectionFailed:
            pause_s = None if request.only_once else retries.pause_s(attempt)
            if pause_s is None:
                raise
        else:
            if answer.status < 300 or (answer.status == 404 and request.deletes and attempt > 1):
                return answer
            if answer.status < 400:
                raise UnexpectedAnswer(
                    f"{answer.status}: it leads elsewhere. Is this the address of the API?"
                )
            refused = answer.refusal()
            may_be_repeated = answer.status in REPEATED and not (request.only_once and answer.status != 429)
            pause_s = retries.pause_s(attempt, refused.retry_after_s) if may_be_repeated else None
            if pause_s is None:
                raise refused
        yield Pause(pause_s)
        attempt += 1


def done(call: Call[T], retries: Retries) -> Steps[T]:
    """Make a call, and return what it is answered."""
    answer = yield from send(call.request, retries)
    return call.read(answer)
