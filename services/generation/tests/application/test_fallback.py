"""A provider that can't: who is asked in its place, what waits, what it costs, and who hears of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from generation.adapters.outbound.memory_services import MemoryProvider
from generation.adapters.outbound.provider_limits import Limits
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import GenerationId, ModelId, RunId
from generation.ports.media_provider import (
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreachable,
    RunReport,
    RunState,
)
from generation.ports.provider_guard import Call
from generation_house import House, Worker, success
from limits import parse

# How long a job may wait for its place, and then has its deadline.
QUEUE_S = 3_600
BUSY, REFUSED = Failure("PROVIDER_FAILED", "busy"), Failure("CONTENT_REFUSED", "no")
FAILED = RunReport(RunState.FAILED, failure=BUSY, retryable=True)
MODEL = """
[[models]]
id = "local/{name}"
title = "Two"
modality = "image"
category = "x"
deadline_s = 300
providers = [{{ name = "local", model = "a" }}, {{ name = "openai", model = "b" }}]
price = {{ unit = "image", credits = 5 }}
[models.input]
properties.prompt = {{ type = "string" }}
"""


@dataclass
class Two:
    """A house whose models two providers run, and its worker."""

    house: House
    first: MemoryProvider = field(default_factory=MemoryProvider)
    second: MemoryProvider = field(default_factory=lambda: MemoryProvider([success(b"2")]))
    number: int = 0

    def __post_init__(self) -> None:
        self.worker = self.hire()

    def hire(self) -> Worker:
        """A worker that knows both."""
        worker = self.house.worker(backoff_s=1)
        providers = {"local": self.first, "openai": self.second}
        runs = replace(worker.attempts.runs, providers=providers)
        worker.attempts = replace(worker.attempts, runs=runs)
        return worker

    async def job(
        self, *, order: tuple[str, ...] = ("local", "openai"), model: str = "sketch", **job: Any
    ) -> Generation:
        """A job, run until it ends or waits."""
        self.number += 1
        generation = await self.house.queued(model=f"local/{model}", prompt=f"fox {self.number}", **job)
        ordered = replace(generation, provider_order=order)
        self.house.units.tables.generations[generation.generation_id] = ordered
        event = self.house.reserved(generation, f"evt_{self.number}")
        await self.worker.run(await self.worker.started(event))
        return self.house.stored(generation)

    async def due(self, after_s: float) -> int:
        """What is due by then, run until it ends or waits; how many jobs that was."""
        self.house.clock.forward(seconds=after_s)
        jobs = await self.worker.take_due(limit=99)
        for job in jobs:
            await self.worker.run(job)
        return len(jobs)

    def attempts(self, generation: Generation) -> list[Attempt]:
        """A job's, the first one first."""
        found = self.house.units.tables.attempts.values()
        own = [attempt for attempt in found if attempt.generation_id == generation.generation_id]
        return sorted(own, key=lambda attempt: attempt.number)

    def tried(self, generation: Generation) -> list[tuple[str, Outcome]]:
        """Who was asked, and what came of it."""
        return [(attempt.provider, attempt.outcome) for attempt in self.attempts(generation)]

    async def ended(self, **counts: int) -> None:
        """Nothing was published but that this many jobs were queued and ended so."""
        names = [f"Generation{name.capitalize()}" for name, count in counts.items() for _ in range(count)]
        await self.house.facts.expect_in_any_order(*["GenerationQueued"] * self.number, *names)

    def closed_s(self, provider: str = "local", model: str = "sketch") -> float | None:
        """How long nobody new asks a provider."""
        until = self.worker.gate.closed_until(stranger(provider, model))
        return (until - self.house.clock.now()).total_seconds() if until else None


def stranger(provider: str, model: str = "sketch") -> Call:
    """Somebody else's call."""
    return Call(provider, ModelId(f"local/{model}"), GenerationId("gen_stranger"))


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    """Both are well; whatever is published by the end is what each job's end says, once."""
    models = tmp_path / "models.toml"
    models.write_text("".join(MODEL.format(name=name) for name in ("sketch", "motion")))
    house = House(catalogue=TomlCatalogue(models, providers={"local", "openai"}))
    async with house.facts:
        yield Two(house)


async def test_a_provider_that_is_not_there_is_passed_over(two: Two) -> None:
    """At once; what it costs is the price that was quoted, once, and no try was used up."""
    two.first.refusal = ProviderUnreachable("refused")
    job = await two.job()
    assert two.tried(job) == [("local", Outcome.FAILED), ("openai", Outcome.SUCCEEDED)]
    assert (job.status, job.credits_charged, job.price.credits) == (Status.SUCCEEDED, 5, 5)
    assert [attempt.tries for attempt in two.attempts(job)] == [1, 1]
    await two.ended(succeeded=1)


async def test_a_job_outlives_the_absence_of_its_only_provider(two: Two) -> None:
    """Nothing is bought by asking: only the deadline ends it, however often it asked."""
    two.first.refusal = ProviderUnreachable("refused")
    two.first.reports = [success(b"1")]
    job = await two.job(order=("local",))
    for _ in range(6):
        assert await two.due(30) == 1
    assert (two.house.stored(job).status, two.first.submitted) == (Status.PROCESSING, [])
    two.first.refusal = None
    assert await two.due(30) == 1
    assert two.house.stored(job).status is Status.SUCCEEDED
    await two.ended(succeeded=1)


async def test_a_provider_that_fails_five_jobs_is_asked_no_more(two: Two) -> None:
    """The sixth job goes to the next one with its first attempt; other models still go to the first."""
    two.first.reports = [FAILED]
    jobs = [await two.job() for _ in range(5)]
    assert {job.status for job in jobs} == {Status.SUCCEEDED}
    assert (len(two.first.submitted), two.closed_s()) == (5, 30)
    sixth = await two.job()
    assert two.tried(sixth) == [("openai", Outcome.SUCCEEDED)]
    assert (len(two.first.submitted), len(two.second.submitted)) == (5, 6)
    assert two.closed_s(model="motion") is None
    other = await two.job(model="motion")
    assert two.tried(other)[0] == ("local", Outcome.FAILED)
    assert two.house.meter.circuits == [("local", "local/sketch", True)]
    assert two.house.meter.troubles == []
    assert {job.credits_charged for job in (*jobs, two.house.stored(sixth))} == {5}
    await two.ended(succeeded=7)


async def test_one_job_finds_out_whether_it_works_again(two: Two) -> None:
    """Then everybody's go there as before."""
    two.first.reports = [FAILED]
    for _ in range(5):
        await two.job()
    two.house.clock.forward(seconds=30)
    check, during = two.first.check, []

    async def meanwhile(run_id: RunId) -> RunReport:
        during.append(two.closed_s())
        return await check(run_id)

    two.first.check = meanwhile  # type: ignore[method-assign]
    two.first.reports = [success(b"1")]
    assert two.tried(await two.job()) == [("local", Outcome.SUCCEEDED)]
    assert during == [30]
    assert two.closed_s() is None
    assert two.tried(await two.job()) == [("local", Outcome.SUCCEEDED)]
    assert [is_open for *_, is_open in two.house.meter.circuits] == [True, False]
    await two.ended(succeeded=7)


async def test_success_without_files_is_a_failure_of_the_providers(two: Two) -> None:
    """What counts is what was delivered."""
    two.first.reports = [RunReport(RunState.SUCCEEDED)]
    jobs = [await two.job() for _ in range(5)]
    assert {job.status for job in jobs} == {Status.SUCCEEDED}
    assert two.closed_s() == 30
    await two.ended(succeeded=5)


@pytest.mark.parametrize(
    "turned_away",
    [
        RunReport(RunState.FAILED, failure=BUSY, retryable=True, retry_after_s=40),
        ProviderRefused(BUSY, retryable=True, retry_after_s=40),
    ],
    ids=["in the run", "at the submit"],
)
async def test_a_provider_that_asks_for_a_pause_is_left_alone(
    two: Two, turned_away: RunReport | ProviderRefused
) -> None:
    """By every job of that model, for as long as it said; meanwhile the next provider does it."""
    if isinstance(turned_away, RunReport):
        two.first.reports = [turned_away]
    else:
        two.first.refusal = turned_away
    job = await two.job()
    assert two.tried(job) == [("local", Outcome.FAILED), ("openai", Outcome.SUCCEEDED)]
    assert (two.closed_s(), two.closed_s(model="motion")) == (40, None)
    two.house.clock.forward(seconds=39)
    assert two.tried(await two.job()) == [("openai", Outcome.SUCCEEDED)]
    two.house.clock.forward(seconds=1)
    two.first.refusal, two.first.reports = None, [success(b"1")]
    assert two.tried(await two.job()) == [("local", Outcome.SUCCEEDED)]
    assert two.house.meter.circuits == []
    await two.ended(succeeded=3)


async def test_others_are_held_back_for_five_minutes_at_most(two: Two) -> None:
    """Whatever the provider wrote: who was told keeps to it, and has its deadline."""
    two.first.refusal = ProviderRefused(BUSY, retryable=True, retry_after_s=86_400)
    await two.job()
    assert two.closed_s() == 300
    await two.ended(succeeded=1)


async def test_what_may_have_begun_stays_with_its_provider(two: Two) -> None:
    """A submit that was not answered, and a pause: it is looked up when that is over, and bought once."""
    submit = two.first.submit

    async def unanswered(run: Any) -> RunId:
        await submit(run)
        raise ProviderUnavailable("503", retry_after_s=40)

    two.first.submit = unanswered  # type: ignore[method-assign]
    two.first.reports = [success(b"1")]
    job = await two.job()
    assert two.tried(await two.job()) == [("openai", Outcome.SUCCEEDED)]
    assert await two.due(39) == 0
    assert await two.due(1) == 1
    assert two.tried(job) == [("local", Outcome.SUCCEEDED)]
    assert (len(two.first.submitted), len(two.second.submitted)) == (1, 1)
    await two.ended(succeeded=2)


async def test_a_silent_provider_is_asked_for_nothing_new(two: Two) -> None:
    """Five jobs found it so: they stay, as they may have begun, and the others go elsewhere."""

    async def silent(_: object) -> RunId:
        raise ProviderUnavailable

    two.first.submit = two.first.find = silent  # type: ignore[method-assign, assignment]
    jobs = [await two.job() for _ in range(5)]
    assert {job.status for job in jobs} == {Status.PROCESSING}
    assert two.closed_s() == 30
    assert two.tried(await two.job()) == [("openai", Outcome.SUCCEEDED)]
    assert await two.due(5) == 5
    await two.ended(succeeded=1)


@pytest.mark.parametrize("failure", [REFUSED, Failure("PROVIDER_FAILED", "not accepted")], ids=repr)
async def test_what_was_refused_for_itself_goes_nowhere_else(two: Two, failure: Failure) -> None:
    """Content, or an input that is not taken: no other is asked, nobody is blamed, and nothing is charged."""
    two.first.refusal = ProviderRefused(failure, retryable=False)
    jobs = [await two.job() for _ in range(20)]
    assert {(job.status, job.failure, job.credits_charged) for job in jobs} == {(Status.FAILED, failure, 0)}
    assert (two.second.submitted, two.closed_s(), two.house.meter.circuits) == ([], None, [])
    await two.ended(failed=20)


async def test_a_bill_that_we_owe_is_ours(two: Two) -> None:
    """Operators are told once, the next provider does it for the price that was quoted, and no user hears."""
    two.first.refusal = ProviderRefused(BUSY, retryable=True, account_trouble=True)
    jobs = [await two.job(), await two.job(model="motion")]
    assert two.tried(jobs[0]) == [("local", Outcome.FAILED), ("openai", Outcome.SUCCEEDED)]
    assert two.tried(jobs[1]) == [("openai", Outcome.SUCCEEDED)]
    assert {(job.status, job.credits_charged) for job in jobs} == {(Status.SUCCEEDED, 5)}
    assert two.house.meter.troubles == [("local", True)]
    assert two.house.meter.circuits == []
    await two.ended(succeeded=2)


async def test_past_its_limit_of_runs_a_provider_gets_no_more(two: Two) -> None:
    """The next one does it; a job that only the first may run waits, and is none the worse for it."""
    two.house.limits["local"] = Limits(runs_max=1)
    two.first.reports = [success(b"1")]
    two.worker = two.hire()
    two.worker.gate.enter(stranger("local", "motion"))
    assert two.tried(await two.job()) == [("openai", Outcome.SUCCEEDED)]
    waiting = await two.job(order=("local",))
    for _ in range(500):
        assert await two.due(2) == 1
    (attempt,) = two.attempts(waiting)
    assert (attempt.outcome, attempt.tries, two.first.submitted) == (Outcome.RUNNING, 1, [])
    two.worker.gate.left(stranger("local", "motion"))
    assert await two.due(2) == 1
    assert two.tried(waiting) == [("local", Outcome.SUCCEEDED)]
    assert two.closed_s() is None
    await two.ended(succeeded=2)


async def test_whoever_waits_for_a_place_loses_none_of_its_time(two: Two) -> None:
    """It is a queue, which lasts as long as any; then the deadline ends the job unpaid."""
    two.house.limits["local"] = Limits(runs_max=1)
    two.worker = two.hire()
    two.worker.gate.enter(stranger("local", "motion"))
    job = await two.job(order=("local",))
    waited_s = 0
    while not (row := two.house.stored(job)).is_terminal:
        left_s = (row.deadline_at - two.house.clock.now()).total_seconds()
        assert left_s == pytest.approx(302 if waited_s < QUEUE_S else 302 + QUEUE_S - waited_s, abs=4)
        await two.due(2)
        waited_s += 2
    assert waited_s == pytest.approx(QUEUE_S + 300, abs=4)
    assert (row.status, row.credits_charged, two.first.submitted) == (Status.FAILED, 0, [])
    await two.ended(failed=1)


async def test_a_place_is_waited_for_in_vain_while_something_is_wrong(two: Two) -> None:
    """Who is closed for trouble is no queue: the job's own time runs."""
    two.house.limits["local"] = Limits(runs_max=1)
    two.worker = two.hire()
    two.worker.gate.enter(stranger("local", "motion"))
    two.worker.gate.heard(stranger("local"), replace(FAILED, retry_after_s=100))
    job = await two.job(order=("local",))
    assert (job.deadline_at - two.house.clock.now()).total_seconds() == 300
    await two.ended()


async def test_past_its_rate_a_provider_gets_no_more(two: Two) -> None:
    """The next one does it, or the job waits for the window."""
    two.house.limits["local"] = Limits(rate=parse("1/hour"))
    two.first.reports = [success(b"1")]
    two.worker = two.hire()
    assert two.tried(await two.job()) == [("local", Outcome.SUCCEEDED)]
    assert two.tried(await two.job()) == [("openai", Outcome.SUCCEEDED)]
    assert len(two.first.submitted) == 1
    await two.ended(succeeded=2)


async def test_a_wait_that_no_queue_allows_ends_the_job_unpaid(two: Two) -> None:
    """Nobody could do it in time: its credits come back now."""
    two.house.limits["local"] = Limits(rate=parse("1/day"))
    two.worker = two.hire()
    two.first.reports = [success(b"1")]
    await two.job()
    job = await two.job(order=("local",))
    assert (job.status, job.credits_charged) == (Status.FAILED, 0)
    assert job.failure is not None
    assert job.failure.reason == "PROVIDER_FAILED"
    await two.ended(succeeded=1, failed=1)


async def test_with_every_provider_closed_a_job_waits_and_ends_unpaid(two: Two) -> None:
    """For whichever opens first, as one attempt; when there is no time left, its credits are released."""
    two.first.refusal = two.second.refusal = ProviderRefused(BUSY, retryable=True, account_trouble=True)
    opener = await two.job()
    two.house.clock.forward(seconds=1)
    job = await two.job()
    (attempt,) = two.attempts(job)
    assert (attempt.outcome, attempt.tries) == (Outcome.RUNNING, 1)
    assert attempt.not_before is not None
    waited_s = 0
    while not all(two.house.stored(each).is_terminal for each in (opener, job)):
        assert waited_s < 400
        await two.due(5)
        waited_s += 5
    for ended in (two.house.stored(opener), two.house.stored(job)):
        assert (ended.status, ended.credits_charged) == (Status.FAILED, 0)
    assert waited_s > 30
    assert {attempt.tries for attempt in two.attempts(job)} == {1}
    await two.ended(failed=2)


async def overdue(two: Two, *, takes_s: float) -> None:
    """A job that its provider goes on with for so long, each look a second later."""
    left_s = takes_s

    async def goes_on(run_id: RunId) -> RunReport:
        nonlocal left_s
        left_s -= 10
        two.house.clock.forward(seconds=10)
        return RunReport(RunState.RUNNING) if left_s > 0 else success(b"1")

    two.first.check = goes_on  # type: ignore[method-assign]
    await two.job(order=("local",))


async def test_a_provider_that_is_too_late_five_times_is_asked_no_more(two: Two) -> None:
    """It had the job's whole time, each time."""
    for _ in range(5):
        assert two.closed_s() is None
        await overdue(two, takes_s=1_000)
    assert two.closed_s() == 30
    await two.ended(failed=5)


async def test_who_was_asked_late_is_not_blamed_for_the_deadline(two: Two) -> None:
    """Half of the job's time is what a run is given at least."""
    for number in range(5):
        two.worker.gate.heard(stranger("local"), replace(FAILED, retry_after_s=151))
        await overdue(two, takes_s=1_000)
        assert await two.due(151) == 1
        assert len(two.first.submitted) == number + 1
    assert two.closed_s() is None
    await two.ended(failed=5)
