"""Whose run a provider tells of, over memory and PostgreSQL."""

from generation.domain.attempt import Outcome
from generation.domain.identifiers import RunId
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import LATER, attempt, job, stored


async def test_an_attempt_is_found_by_its_run(units: UnitsOfWork) -> None:
    """By its provider and the name there, ended or not; the latest where a name came twice."""
    await stored(units, job(1), job(2))
    first = attempt(1, provider="acme", run_id=RunId("run_1"))
    async with units.of_system() as work:
        await work.attempts.add(first)
        assert await work.attempts.of_run("acme", RunId("run_1")) == first
        assert await work.attempts.of_run("acme", RunId("run_2")) is None
        assert await work.attempts.of_run("local", RunId("run_1")) is None
        ended = first.ended(Outcome.LOST, now=LATER)
        await work.attempts.save(ended)
        assert await work.attempts.of_run("acme", RunId("run_1")) == ended
        later = attempt(2, provider="acme", run_id=RunId("run_1"), started_at=LATER)
        await work.attempts.add(later)
        assert await work.attempts.of_run("acme", RunId("run_1")) == later
