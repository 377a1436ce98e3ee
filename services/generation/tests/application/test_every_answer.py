"""Whatever a provider answers, and whatever is broken meanwhile, a job ends in time and is bought seldom."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from generation.adapters.outbound.answer_spool import TransactionalSpool
from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.memory_services import MemoryOutput, MemoryProvider
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.attempt import Outcome
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import RunId
from generation.ports.media_provider import (
    MediaProvider,
    ProviderRefused,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)
from generation_house import House, success
from generation_works import ATTEMPTS_MAX, GRACE_S, MODELS, PATIENT, QUICK, Works, real_time, works

pytestmark = pytest.mark.real_time

BUSY, REFUSED = Failure("PROVIDER_FAILED", "busy"), Failure("CONTENT_REFUSED", "no")
# What a loaded machine may add to any wait.
SLACK_S = 3.0


class Raises:
    """A file that makes our own code stumble."""

    async def stream(self) -> AsyncIterator[bytes]:
        raise AttributeError("no such thing")
        yield b""


class Hangs:
    """A file that never comes."""

    async def stream(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(3600)
        yield b""


def failed(failure: Failure = BUSY, **said: Any) -> RunReport:
    """A run that failed."""
    return RunReport(RunState.FAILED, failure=failure, **said)


@dataclass(frozen=True)
class Case:
    """An answer: how its job ends when nothing else is broken, and how often it may be asked for."""

    answer: RunReport | Exception
    status: Status
    submits_max: int


CASES = {
    "good": Case(success(b"1"), Status.SUCCEEDED, 1),
    "running for ever": Case(RunReport(RunState.RUNNING, 0.5), Status.FAILED, 1),
    "nothing made": Case(RunReport(RunState.SUCCEEDED), Status.FAILED, 2),
    "an empty file": Case(success(b""), Status.FAILED, 2),
    "a file we stumble over": Case(RunReport(RunState.SUCCEEDED, outputs=(Raises(),)), Status.FAILED, 2),
    "a file that never comes": Case(RunReport(RunState.SUCCEEDED, outputs=(Hangs(),)), Status.FAILED, 1),
    "failed for good": Case(failed(REFUSED), Status.FAILED, 1),
    "failed, try again": Case(failed(retryable=True), Status.FAILED, ATTEMPTS_MAX),
    # Turned away it may be asked up to the deadline: at 0, 0.3, 0.6 and 0.9 s.
    "busy for a moment": Case(failed(retryable=True, retry_after_s=0.3), Status.FAILED, 4),
    "busy for an hour": Case(failed(retryable=True, retry_after_s=3600), Status.FAILED, 1),
    # At 0, 0.2 and 0.6 s, in each of two workers.
    "our account": Case(failed(retryable=True, account_trouble=True), Status.FAILED, 6),
    "stopped by itself": Case(RunReport(RunState.CANCELLED), Status.FAILED, 1),
    "unknown": Case(RunReport(RunState.UNKNOWN), Status.FAILED, ATTEMPTS_MAX),
    "unreadable": Case(KeyError("data"), Status.FAILED, 1),
    "no answer": Case(ProviderUnavailable(), Status.FAILED, 1),
}
# Answers that a call itself can have; its files are in it, or somewhere else.
IN_CALL = {
    name: case
    for name, case in CASES.items()
    if name != "a file that never comes"
    and (
        isinstance(case.answer, KeyError)
        or (isinstance(case.answer, RunReport) and case.answer.state in (RunState.SUCCEEDED, RunState.FAILED))
    )
}


@dataclass
class Answering(MemoryProvider):
    """Answers every check with one answer, or raises it."""

    answer: RunReport | Exception = CASES["good"].answer

    async def check(self, run_id: RunId) -> RunReport:
        if isinstance(self.answer, Exception):
            # Without the places of its earlier raises, which are logged at every one.
            raise self.answer.with_traceback(None)
        return self.answer


@dataclass
class Caller:
    """Answers every call with one answer, or raises it; counts the calls of all its processes."""

    answer: RunReport | Exception
    calls: int = 0
    takes_s: float = 0.01

    async def call(self, run: Run, advance: Callable[[float], None]) -> RunReport:
        self.calls += 1
        await asyncio.sleep(self.takes_s)
        if isinstance(self.answer, Exception):
            # Without the places of its earlier raises, which are logged at every one.
            raise self.answer.with_traceback(None)
        return self.answer

    async def close(self) -> None:
        return None


@pytest.fixture
def quick_house(tmp_path: Path) -> Callable[[], House]:
    """Makes houses with a model whose deadline is a second."""
    models = tmp_path / "models.toml"
    models.write_text(MODELS)
    return lambda: House(clock=real_time(), catalogue=TomlCatalogue(models, providers={"local"}))


@dataclass(frozen=True)
class Asked:
    """Who is asked: the providers of each worker, and how often all of them were."""

    providers: Callable[[], dict[str, MediaProvider]]
    count: Callable[[], int]


def in_call(house: House, caller: Caller) -> dict[str, MediaProvider]:
    """One process's provider, spooling into the house's database."""
    spool = TransactionalSpool(house.units, lambda url: MemoryOutput(url.encode()))
    return {"local": InCallProvider(caller, spool, name="local")}


class Faults:
    """What else is broken, beside the provider."""

    @staticmethod
    async def nothing(works: Works) -> None:
        return

    @staticmethod
    async def store_away(works: Works) -> None:
        works.house.store.reachable = False

    @staticmethod
    async def store_away_a_while(works: Works) -> None:
        works.house.store.reachable = False
        asyncio.get_running_loop().call_later(0.3, setattr, works.house.store, "reachable", True)

    @staticmethod
    async def store_stumbles(works: Works) -> None:
        async def put(key: str, media: object) -> None:
            raise ZeroDivisionError

        works.house.store.put = put  # type: ignore[method-assign]

    @staticmethod
    async def store_hangs(works: Works) -> None:
        async def put(key: str, media: object) -> None:
            await asyncio.sleep(3600)

        works.house.store.put = put  # type: ignore[method-assign]

    @staticmethod
    async def disk_full(works: Works) -> None:
        works.house.intake.is_full = True

    @staticmethod
    async def disk_full_a_while(works: Works) -> None:
        works.house.intake.is_full = True
        asyncio.get_running_loop().call_later(0.3, setattr, works.house.intake, "is_full", False)

    @staticmethod
    async def database_away_a_while(works: Works) -> None:
        works.house.units.failure = StorageUnavailable("away")
        asyncio.get_running_loop().call_later(0.3, setattr, works.house.units, "failure", None)

    @staticmethod
    async def database_stumbles_a_while(works: Works) -> None:
        works.house.units.failure = ZeroDivisionError("a bug")
        asyncio.get_running_loop().call_later(0.15, setattr, works.house.units, "failure", None)

    @staticmethod
    async def worker_killed(works: Works) -> None:
        await asyncio.sleep(0.02)
        await works.kill("w1")


FAULTS = {name: fault.__func__ for name, fault in vars(Faults).items() if isinstance(fault, staticmethod)}
# Those that last: even a good answer is not delivered.
LASTING = frozenset({"store_away", "store_stumbles", "store_hangs", "disk_full"})

# What may matter before a provider has made anything, and when it has answered in a call.
EARLY = {name: FAULTS[name] for name in ("nothing", "database_away_a_while", "worker_killed")}
LATE = {name: fault for name, fault in FAULTS.items() if name not in ("store_hangs", "disk_full")}


async def ends_well_with_each(
    faults: Mapping[str, Any], new_house: Callable[[], House], case: Case, asked: Callable[[House], Asked]
) -> None:
    """Runs the same job under each of the faults, side by side: most of it is waiting."""

    async def under(name: str) -> None:
        async with works(new_house()) as built:
            provider = asked(built.house)
            try:
                expected = Status.FAILED if name in LASTING else case.status
                await ends_well(built, expected, faults[name], provider.providers)
                assert provider.count() <= case.submits_max
            except Exception as failure:
                failure.add_note(f"while: {name}")
                raise

    await asyncio.gather(*(under(name) for name in faults))


async def ends_well(works: Works, expected: Status, fault: Any, providers: Callable[[], Any]) -> None:
    """Runs one job with two workers; whatever happened, it ended once, in time, with nothing left over.

    One that is to succeed has all the time that a loaded machine may take; the others end by their deadline.
    """
    house, pace = works.house, PATIENT if expected is Status.SUCCEEDED else QUICK
    first = works.hire("w1", providers(), lease_s=pace.lease_s)
    works.hire("w2", providers(), lease_s=pace.lease_s)
    job = await works.started(first, pace=pace)
    await fault(works)
    ended = await works.ended(job.generation_id, within_s=pace.deadline_s + GRACE_S + SLACK_S)
    assert ended.status is expected
    assert ended.finished_at is not None
    late_s = (ended.finished_at - ended.deadline_at).total_seconds()
    assert late_s < GRACE_S + SLACK_S
    tables = house.units.tables
    settling = [type(event).__name__ for event in tables.events if type(event).__name__ != "GenerationQueued"]
    assert settling == [f"Generation{ended.status.capitalize()}"]
    assert ended.credits_charged == (5 if ended.status is Status.SUCCEEDED else 0)
    attempts = [one for one in tables.attempts.values() if one.generation_id == job.generation_id]
    assert all(one.outcome is not Outcome.RUNNING and one.finished_at for one in attempts)
    assert (ended.status is Status.SUCCEEDED) == (attempts[-1].outcome is Outcome.SUCCEEDED)
    assert tables.answers == {}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_job_ends_whatever_its_provider_answers(quick_house: Callable[[], House], case: Case) -> None:
    """Polled: at most so many submits, whatever else is broken."""
    await ends_well_with_each(FAULTS, quick_house, case, lambda _: polled(Answering(answer=case.answer)))


@pytest.mark.parametrize("case", IN_CALL.values(), ids=IN_CALL)
async def test_a_job_ends_whatever_its_call_answers(quick_house: Callable[[], House], case: Case) -> None:
    """In the call: no more calls than submits, although each worker knows its own calls only."""

    def asked(house: House) -> Asked:
        caller = Caller(case.answer)
        return Asked(lambda: in_call(house, caller), lambda: caller.calls)

    await ends_well_with_each(LATE, quick_house, case, asked)


@pytest.mark.parametrize(
    "refusal",
    [
        ProviderRefused(REFUSED, retryable=False),
        ProviderRefused(BUSY, retryable=True),
        ProviderRefused(BUSY, retryable=True, retry_after_s=3600),
        ProviderRefused(BUSY, retryable=True, account_trouble=True),
        ProviderUnavailable(),
        RuntimeError("a bug"),
    ],
    ids=repr,
)
async def test_a_job_ends_whatever_its_submit_meets(
    quick_house: Callable[[], House], refusal: Exception
) -> None:
    """A submit that is refused, or breaks, ends the job like any other failure, and nothing is bought."""
    case = Case(refusal, Status.FAILED, 0)
    await ends_well_with_each(EARLY, quick_house, case, lambda _: polled(Answering(refusal=refusal)))


@pytest.mark.parametrize("stuck", ["submit", "check", "find"])
async def test_a_provider_that_hangs_holds_no_job(quick_house: Callable[[], House], stuck: str) -> None:
    """No call of a provider's is waited for past the deadline, by the next worker either."""

    async def hangs(*_: object) -> None:
        await asyncio.sleep(3600)

    def asked(_: House) -> Asked:
        provider = Answering(answer=RunReport(RunState.RUNNING))
        setattr(provider, stuck, hangs)
        return polled(provider)

    await ends_well_with_each(EARLY, quick_house, Case(RuntimeError(), Status.FAILED, 1), asked)


def polled(provider: Answering) -> Asked:
    """One provider that every worker asks."""
    return Asked(lambda: {"local": provider}, lambda: len(provider.submitted))
