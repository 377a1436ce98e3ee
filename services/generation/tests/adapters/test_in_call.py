"""Providers that answer in the call: each call is made once, and its end is found by everybody."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from generation.adapters.outbound import answer_spool
from generation.adapters.outbound.answer_spool import AnswerTooLarge, TransactionalSpool
from generation.adapters.outbound.guarded_fetch import FetchedOutput, GuardedClient
from generation.adapters.outbound.in_call import KEEP_STUMBLES_MAX, InCallProvider
from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.memory_services import MemorySpool
from generation.domain.attempt import Attempt
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import (
    AccountId,
    AttemptId,
    GenerationId,
    ModelId,
    ReservationId,
)
from generation.domain.model import Modality
from generation.domain.pricing import Price
from generation.ports.media_intake import OutputUnusable
from generation.ports.media_provider import Run, RunOutput, RunReport, RunState
from generation.ports.unit_of_work import UnitsOfWork

pytestmark = pytest.mark.real_time

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALICE, KEY = AccountId("usr_alice"), AttemptId("att_1")
RUN = Run(key=KEY, model="m", input={})
PICTURE = bytes(range(256)) * 5000
REPORTS = {
    "pictures": RunReport(RunState.SUCCEEDED, 1.0, (InlineOutput(PICTURE), InlineOutput(b"small"))),
    "half a text": RunReport(
        RunState.SUCCEEDED, 1.0, (InlineOutput("füchse 🦊".encode()),), usage_units=7, incomplete="length"
    ),
    "nothing": RunReport(RunState.SUCCEEDED, 1.0),
    "an empty file": RunReport(RunState.SUCCEEDED, 1.0, (InlineOutput(b""),)),
    "a refusal": RunReport(RunState.FAILED, failure=Failure("CONTENT_REFUSED", "no\x00 \ud83d")),
    "turned away": RunReport(
        RunState.FAILED,
        failure=Failure("PROVIDER_FAILED", "busy"),
        retryable=True,
        retry_after_s=1.5,
        account_trouble=True,
    ),
}


@dataclass
class Caller:
    """Answers when it is told to."""

    report: RunReport
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0
    cancelled: int = 0

    async def call(self, run: Run, advance: Callable[[float], None]) -> RunReport:
        self.calls += 1
        advance(0.25)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.report

    async def close(self) -> None:
        return None


@pytest.fixture
async def fetch() -> AsyncIterator[GuardedClient]:
    """Fetches nothing here."""
    client = GuardedClient(allow_loopback=True, size_bytes_max=1000)
    yield client
    await client.close()


@pytest.fixture
async def spool(units: UnitsOfWork, fetch: GuardedClient) -> TransactionalSpool:
    """A spool over each storage in turn, in which a job runs."""
    async with units.of_system() as work:
        await work.generations.add(job())
        await work.attempts.add(attempt())
    return TransactionalSpool(units, fetch.output)


def job() -> Generation:
    """A job of Alice's that runs."""
    return Generation(
        generation_id=GenerationId("gen_1"),
        account_id=ALICE,
        model_id=ModelId("openai/x"),
        modality=Modality.IMAGE,
        input={},
        provider_order=("openai",),
        price=Price(credits=5, units=1, breakdown=""),
        idempotency_key="k",
        fingerprint="f",
        created_at=NOW,
        deadline_at=NOW + timedelta(minutes=5),
        status=Status.PROCESSING,
        reservation_id=ReservationId("res_1"),
    )


def attempt() -> Attempt:
    """Its attempt."""
    return Attempt(
        attempt_id=KEY,
        generation_id=job().generation_id,
        account_id=ALICE,
        number=1,
        provider="openai",
        worker="w1",
        lease_until=NOW,
        started_at=NOW,
    )


async def content(output: RunOutput) -> bytes:
    """All of it."""
    return b"".join([piece async for piece in output.stream()])


async def ended(provider: InCallProvider) -> RunReport:
    """What the provider says once the run is over."""
    run_id = await provider.find(KEY)
    assert run_id is not None
    async with asyncio.timeout(10):
        while (report := await provider.check(run_id)).state is RunState.RUNNING:
            await asyncio.sleep(0.01)
    return report


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
async def test_an_end_is_found_by_another_process(spool: TransactionalSpool, report: RunReport) -> None:
    """Everything of it: state, usage, marks, failure and every byte; and the call is not made again."""
    caller = Caller(report)
    first = InCallProvider(caller, spool, name="p")
    run_id = await first.submit(RUN)
    await asyncio.sleep(0)
    assert (await first.check(run_id), first.is_paying(run_id)) == (RunReport(RunState.RUNNING, 0.25), True)
    caller.may_answer.set()
    told = await ended(first)
    assert not first.is_paying(run_id)
    second = InCallProvider(Caller(report), spool, name="p")
    assert await second.find(KEY) == run_id
    found = await second.check(run_id)
    for answer in (told, found):
        assert replace(answer, outputs=()) == replace(report, outputs=())
        assert [await content(output) for output in answer.outputs] == [
            await content(output) for output in report.outputs
        ]
    assert caller.calls == 1


async def test_links_stay_links(spool: TransactionalSpool, fetch: GuardedClient) -> None:
    """What an answer only points at is fetched when it is delivered, among what it carries itself."""
    link = "https://files.example.com/图片.png?sig=a%2Fb"
    outputs = (fetch.output(link), InlineOutput(b"here"), fetch.output(link + "&2"))
    await spool.keep(KEY, RunReport(RunState.SUCCEEDED, 1.0, outputs))
    found = await spool.find(KEY)
    assert found is not None
    first, second, third = found.outputs
    assert isinstance(first, FetchedOutput)
    assert isinstance(third, FetchedOutput)
    assert (first.url, await content(second), third.url) == (link, b"here", link + "&2")


async def test_the_first_end_stays(spool: TransactionalSpool) -> None:
    """A second one under the same key changes nothing."""
    await spool.keep(KEY, REPORTS["pictures"])
    await spool.keep(KEY, REPORTS["a refusal"])
    found = await spool.find(KEY)
    assert found is not None
    assert found.state is RunState.SUCCEEDED
    assert await content(found.outputs[0]) == PICTURE


async def test_what_is_no_longer_kept_can_not_be_used(spool: TransactionalSpool, units: UnitsOfWork) -> None:
    """A job that ended while its answer was being read stores no half of it."""
    await spool.keep(KEY, REPORTS["pictures"])
    found = await spool.find(KEY)
    assert found is not None
    async with units.of_system() as work:
        await work.answers.forget(job().generation_id)
    assert await spool.find(KEY) is None
    with pytest.raises(OutputUnusable):
        await content(found.outputs[0])


async def test_an_end_is_told_only_once_it_is_safe() -> None:
    """While storage is away the call counts as running, and as being paid for."""
    caller, spool = Caller(REPORTS["pictures"]), MemorySpool(refusal=StorageUnavailable("away"))
    caller.may_answer.set()
    provider = InCallProvider(caller, spool, name="p")
    run_id = await provider.submit(RUN)
    while not spool.refused:
        await asyncio.sleep(0)
    assert (await provider.check(run_id)).state is RunState.RUNNING
    assert provider.is_paying(run_id)
    spool.refusal = None
    assert (await ended(provider)).state is RunState.SUCCEEDED
    assert (spool.reports[KEY], caller.calls) == (REPORTS["pictures"], 1)


async def test_what_can_not_be_kept_is_delivered_from_here() -> None:
    """An error that does not pass costs the other workers their sight of it, not the user the answer."""
    caller, spool = Caller(REPORTS["pictures"]), MemorySpool(refusal=AnswerTooLarge("too large"))
    caller.may_answer.set()
    provider = InCallProvider(caller, spool, name="p")
    await provider.submit(RUN)
    assert await ended(provider) == REPORTS["pictures"]
    assert (spool.refused, caller.calls) == (KEEP_STUMBLES_MAX, 1)


async def test_an_answer_of_any_size_is_not_kept(
    spool: TransactionalSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is for all outputs together, and nothing of a larger answer is stored."""
    monkeypatch.setattr(answer_spool, "ANSWER_BYTES_MAX", len(PICTURE) + 4)
    with pytest.raises(AnswerTooLarge):
        await spool.keep(KEY, REPORTS["pictures"])
    assert await spool.find(KEY) is None


async def test_a_cancelled_call_is_over() -> None:
    """Its connection is given up, and nothing is kept."""
    caller, spool = Caller(REPORTS["pictures"]), MemorySpool()
    provider = InCallProvider(caller, spool, name="p")
    run_id = await provider.submit(RUN)
    await asyncio.sleep(0)
    await provider.cancel(run_id)
    await provider.cancel(run_id)
    assert (await provider.check(run_id)).state is RunState.CANCELLED
    await asyncio.sleep(0)
    assert (caller.cancelled, spool.reports, provider.is_paying(run_id)) == (1, {}, False)


async def test_closing_ends_every_call() -> None:
    """A process that goes leaves no call behind."""
    caller = Caller(REPORTS["pictures"])
    provider = InCallProvider(caller, MemorySpool(), name="p")
    for number in range(3):
        await provider.submit(replace(RUN, key=AttemptId(f"att_{number}")))
    await asyncio.sleep(0)
    await provider.close()
    assert caller.cancelled == 3
