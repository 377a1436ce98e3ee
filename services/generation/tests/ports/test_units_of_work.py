"""What every storage must keep, over memory and PostgreSQL."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from generation.domain.events import queued
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import (
    ApiKeyId,
    AttemptId,
    ModelId,
    ReservationId,
)
from generation.domain.key_use import KeyUse
from generation.domain.library_filter import EVERY_JOB, LibraryFilter
from generation.domain.previews import Previews
from generation.ports.answers import StoredAnswer
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, LATER, NOW, attempt, job, output, running, stored


async def test_a_job_is_kept_whole(units: UnitsOfWork) -> None:
    """What was stored is what is read, before and after every column has changed."""
    await stored(units, job())
    async with units.of(ALICE) as work:
        assert await work.generations.get(job().generation_id) == job()
        changed = replace(
            job(),
            status=Status.FAILED,
            progress=0.5,
            reservation_id=ReservationId("res_1"),
            cancel_requested=True,
            available_credits=3,
            failure=Failure("WHY", "because"),
            deadline_at=LATER,
            started_at=NOW,
            finished_at=LATER,
            deleted_at=LATER,
            is_favourite=True,
            purge_at=LATER + timedelta(minutes=10),
        )
        await work.generations.save(changed)
    async with units.of(ALICE) as work:
        assert await work.generations.lock(job().generation_id) == changed
        assert await work.generations.with_key(ALICE, "key-1") == changed


@pytest.mark.parametrize("limit", [None, 1, 1_000_000_000])
async def test_a_job_keeps_the_api_key_that_asked(units: UnitsOfWork, limit: int | None) -> None:
    """With what it allowed then, whatever becomes of the job."""
    key = KeyUse(ApiKeyId("key_1"), "Web shop", limit)
    await stored(units, job(key=key))
    async with units.of(ALICE) as work:
        await work.generations.save(job(key=key, cancel_requested=True))
    async with units.of(ALICE) as work:
        assert await work.generations.lock(job().generation_id) == job(key=key, cancel_requested=True)


async def test_a_job_keeps_the_terms_of_its_previews(units: UnitsOfWork) -> None:
    """Whoever ends it charges by them; what its life changes leaves them as they are."""
    shown = replace(running(1), is_interactive=True, previews=Previews(3, 1))
    await stored(units, shown, running(2))
    async with units.of(ALICE) as work:
        await work.generations.save(replace(shown, cancel_requested=True))
    async with units.of_system() as work:
        kept = await work.generations.get(shown.generation_id)
        other = await work.generations.get(running(2).generation_id)
    assert kept is not None
    assert other is not None
    assert (kept.previews, other.previews) == (Previews(3, 1), None)


async def test_a_key_is_used_once(units: UnitsOfWork) -> None:
    """The second job with a key is not stored; another account may use the key."""
    await stored(units, job(1))
    async with units.of_system() as work:
        assert not await work.generations.add(job(2, idempotency_key="key-1"))
        assert await work.generations.get(job(2).generation_id) is None
        assert await work.generations.add(job(3, idempotency_key="key-1", account_id=BOB))


async def test_an_account_sees_its_own_rows_only(units: UnitsOfWork) -> None:
    """Another account's job is absent, however it is asked for."""
    await stored(units, job())
    async with units.of(BOB) as work:
        assert await work.generations.get(job().generation_id) is None
        assert await work.generations.lock(job().generation_id) is None
        assert await work.generations.with_key(ALICE, "key-1") is None
        assert await work.generations.page(ALICE, wanted=EVERY_JOB, before=None, limit=9) == []


async def test_a_failed_transaction_keeps_nothing(units: UnitsOfWork) -> None:
    """What was written before the error is gone."""

    async def write_and_stop() -> None:
        async with units.of(ALICE) as work:
            await work.generations.add(job())
            await work.publish(queued(job(), now=NOW))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await write_and_stop()
    async with units.of(ALICE) as work:
        assert await work.generations.get(job().generation_id) is None


async def test_an_event_is_new_once(units: UnitsOfWork) -> None:
    """The inbox knows an event from the transaction that kept it."""
    async with units.of_system() as work:
        assert await work.first_time("evt_1")
    async with units.of_system() as work:
        assert not await work.first_time("evt_1")
        assert await work.first_time("evt_2")


async def test_pages_leave_out_what_is_hidden(units: UnitsOfWork) -> None:
    """Newest first, by status, before a place, without deleted jobs."""
    ended = {"status": Status.FAILED, "finished_at": NOW}
    await stored(units, job(1), job(2, **ended), job(3), job(4, **ended, deleted_at=NOW))

    async def page(**wanted: Any) -> list[str]:
        asked = {"wanted": EVERY_JOB, "before": None, "limit": 9} | wanted
        async with units.of(ALICE) as work:
            return [one.idempotency_key for one in await work.generations.page(ALICE, **asked)]

    assert await page() == ["key-3", "key-2", "key-1"]
    assert await page(limit=1) == ["key-3"]
    assert await page(before=job(3).generation_id) == ["key-2", "key-1"]
    assert await page(wanted=LibraryFilter(statuses=frozenset({Status.FAILED}))) == ["key-2"]


async def test_usage_is_what_was_charged_by_period_and_model(units: UnitsOfWork) -> None:
    """A job counts when it ended, at a bound in the period that begins; deleted ones too, others' never."""
    bounds = [NOW, NOW + timedelta(days=1), NOW + timedelta(days=3)]

    def charged(number: int, days: float, cost: int, **changes: Any) -> Generation:
        ended = {"status": Status.SUCCEEDED, "finished_at": NOW + timedelta(days=days)}
        return replace(running(number), credits_charged=cost, **(ended | changes))

    await stored(
        units,
        charged(1, -0.01, 5),
        charged(2, 0, 5),
        charged(3, 0.99, 3, deleted_at=LATER),
        charged(4, 0.5, 4, model_id=ModelId("local/motion")),
        charged(5, 1, 2),
        charged(6, 3, 5),
        charged(7, 0.5, 0),
        charged(8, 0.5, 0, status=Status.FAILED),
        charged(9, 0.5, 5, account_id=BOB),
        running(10),
    )
    async with units.of(ALICE) as work:
        found = [
            (usage.period, usage.model_id, usage.credits, usage.generations)
            for usage in await work.generations.usage(ALICE, bounds=bounds)
        ]
        assert await work.generations.usage(BOB, bounds=bounds) == []
    assert found == [(0, "local/motion", 4, 1), (0, "local/sketch", 8, 2), (1, "local/sketch", 2, 1)]


async def test_progress_only_goes_forward(units: UnitsOfWork) -> None:
    """A late step changes nothing, nor does one of a job that ended."""
    await stored(units, running(1), job(2, status=Status.FAILED, finished_at=NOW))
    for number, steps in ((1, (0.5, 0.3)), (2, (0.5,))):
        for step in steps:
            async with units.of(ALICE) as work:
                moved = await work.generations.advance(job(number).generation_id, progress=step)
                assert moved == ((number, step) == (1, 0.5))
    async with units.of_system() as work:
        first, second = [await work.generations.get(job(n).generation_id) for n in (1, 2)]
        assert (first and first.progress, second and second.progress) == (0.5, 0.0)


async def test_sweepers_find_what_is_open(units: UnitsOfWork) -> None:
    """Old reserving jobs, overdue queued ones and settled ones, each in its list."""
    held = {"reservation_id": ReservationId("res_x")}
    await stored(
        units,
        job(1),
        job(2, created_at=LATER),
        job(3, status=Status.QUEUED, **held),
        job(4, status=Status.QUEUED, **held, deadline_at=LATER + timedelta(hours=1)),
        job(5, status=Status.CANCELLED, **held, finished_at=NOW),
        job(6, status=Status.REJECTED, finished_at=NOW),
        job(7, status=Status.FAILED, **held, finished_at=NOW, deleted_at=NOW),
    )
    async with units.of_system() as work:
        old = await work.generations.reserving(created_before=LATER, limit=9)
        overdue = await work.generations.overdue(Status.QUEUED, before=LATER, after=None, limit=9)
        settled = await work.generations.settled(after=None, limit=9)
        rest = await work.generations.settled(after=job(5).generation_id, limit=9)
        none = await work.generations.overdue(Status.QUEUED, before=LATER, after=overdue[-1], limit=9)
    assert [one.idempotency_key for one in old] == ["key-1"]
    assert (overdue, none) == ([job(3).generation_id], [])
    assert [one.idempotency_key for one in settled] == ["key-5", "key-7"]
    assert [one.idempotency_key for one in rest] == ["key-7"]


async def test_the_queue_is_everybodys_in_the_systems_eyes_alone(units: UnitsOfWork) -> None:
    """In order of id, only what waits for a worker; an account sees its own."""
    held = {"status": Status.QUEUED, "reservation_id": ReservationId("res_x")}
    await stored(units, job(3, **held), job(1, **held, account_id=BOB), job(2), running(4))
    async with units.of_system() as work:
        assert await work.generations.first_queued(limit=9) == [job(n).generation_id for n in (1, 3)]
        assert await work.generations.first_queued(limit=1) == [job(1).generation_id]
    async with units.of(ALICE) as work:
        assert await work.generations.first_queued(limit=9) == [job(3).generation_id]


async def test_durations_are_of_what_succeeded_of_late(units: UnitsOfWork) -> None:
    """The newest first, a bound on each model, deleted ones too; other ends and other models don't count."""
    quick, other = ModelId("local/quick"), ModelId("local/other")

    def ended(number: int, *, after_s: float, at: datetime = LATER, **more: Any) -> Generation:
        began = replace(running(number, **more), started_at=at - timedelta(seconds=after_s))
        return began.succeeded(delivered_units=1, now=at)

    before = NOW - timedelta(days=1)
    await stored(
        units,
        ended(1, after_s=3, model_id=quick),
        ended(2, after_s=4, model_id=quick, at=NOW, account_id=BOB),
        ended(3, after_s=5, model_id=quick, at=before),
        replace(ended(4, after_s=1.5), deleted_at=LATER),
        ended(5, after_s=6, model_id=other),
        running(6, model_id=quick).failed(Failure("WHY", ""), now=LATER),
    )
    models = [quick, ModelId("local/sketch"), ModelId("local/unused")]
    async with units.of_system() as work:
        took = await work.generations.durations_s(models, since=NOW, limit=9)
        assert {model: list(times) for model, times in took.items()} == {
            quick: [3, 4],
            ModelId("local/sketch"): [1.5],
        }
        newest = await work.generations.durations_s([quick], since=before, limit=1)
        assert list(newest[quick]) == [3]
        assert await work.generations.durations_s([], since=NOW, limit=9) == {}


async def test_an_answer_is_kept_until_its_job_ended(units: UnitsOfWork) -> None:
    """The first answer under a key stays; its bytes come back piece by piece, an absent output has none."""
    await stored(units, running(1), running(2))
    key, content = attempt().attempt_id, bytes(range(256)) * 4096
    async with units.of_system() as work:
        await work.attempts.add(attempt(1))
        await work.attempts.add(attempt(2))
        await work.answers.keep(key, StoredAnswer("{}", [content, None, b"x"]))
        await work.answers.keep(key, StoredAnswer("[]", [b"another"]))
        await work.answers.keep(attempt(2).attempt_id, StoredAnswer("2"))
        await work.answers.keep(AttemptId("att_unknown"), StoredAnswer("3"))
    async with units.of_system() as work:
        assert await work.answers.document(key) == "{}"
        assert await work.answers.document(attempt(2).attempt_id) == "2"
        assert await work.answers.document(AttemptId("att_unknown")) is None
        read, number = bytearray(), 0
        while piece := await work.answers.piece(key, output=0, number=number):
            read += piece
            number += 1
            assert len(piece) < len(content)
        assert read == content
        assert await work.answers.piece(key, output=1, number=0) is None
        assert await work.answers.piece(key, output=2, number=0) == b"x"
        await work.answers.forget(job(1).generation_id)
        assert await work.answers.document(key) is None
        assert await work.answers.piece(key, output=2, number=0) is None
        assert await work.answers.document(attempt(2).attempt_id) == "2"


async def test_answers_that_came_too_late_go(units: UnitsOfWork) -> None:
    """An ended job takes none; one that ended while its answer was being kept loses it to the sweeper."""
    await stored(units, running(1), running(2))
    async with units.of_system() as work:
        await work.attempts.add(attempt(1))
        await work.attempts.add(attempt(2))
        await work.answers.keep(attempt(1).attempt_id, StoredAnswer("1"))
        await work.answers.keep(attempt(2).attempt_id, StoredAnswer("2", [b"x"]))
        await work.generations.save(running(2).failed(Failure("WHY", ""), now=LATER))
    async with units.of_system() as work:
        assert await work.answers.forget_ended(limit=9) == 1
        assert await work.answers.forget_ended(limit=9) == 0
        await work.answers.keep(attempt(2).attempt_id, StoredAnswer("3"))
        assert await work.answers.document(attempt(2).attempt_id) is None
        assert await work.answers.document(attempt(1).attempt_id) == "1"


async def test_outputs_are_kept_in_order(units: UnitsOfWork) -> None:
    """Read by position, removed with what they were."""
    await stored(units, running())
    async with units.of_system() as work:
        await work.outputs.add([output(position=1), output(position=0)])
        await work.outputs.add([])
    async with units.of(ALICE) as work:
        assert await work.outputs.of([job().generation_id]) == [output(), output(position=1)]
        assert await work.outputs.remove(job().generation_id) == [output(), output(position=1)]
        assert await work.outputs.of([job().generation_id]) == []


async def test_due_objects_are_claimed_until_forgotten(units: UnitsOfWork) -> None:
    """A key is due at its time, again later if it stays, and never once it is taken off."""
    async with units.of_system() as work:
        await work.deletions.schedule(["a", "b"], due_at=NOW)
        await work.deletions.schedule(["b"], due_at=LATER)
        await work.deletions.schedule([], due_at=NOW)
    async with units.of_system() as work:
        assert await work.deletions.claim_due(now=NOW, again_at=LATER, limit=5) == ["a"]
        assert await work.deletions.claim_due(now=NOW, again_at=LATER, limit=5) == []
        assert sorted(await work.deletions.claim_due(now=LATER, again_at=LATER, limit=5)) == ["a", "b"]
        await work.deletions.forget(["a", "b"])
        assert await work.deletions.claim_due(now=LATER, again_at=LATER, limit=5) == []
