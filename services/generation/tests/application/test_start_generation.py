"""A job whose credits are held is given to a worker, or ends: the whole of it, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.start_generation import CreditsReserved
from generation.domain.attempt import Attempt
from generation.domain.events import GenerationFailed
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import EventId, GenerationId, ReservationId
from generation_house import ACCOUNT, House
from generation_works import MODELS

MOMENT = timedelta(microseconds=1)


async def queued(house: House) -> Generation:
    """A job that waits since two seconds."""
    generation = await house.queued()
    house.clock.forward(seconds=2)
    await house.facts.expect("GenerationQueued")
    return generation


@pytest.mark.parametrize("lease_s", [15, 0])
async def test_a_started_job_has_an_attempt_and_a_deadline(house: House, lease_s: float) -> None:
    """Leased to its worker, or left for whoever is free; no provider knows of it."""
    generation = await queued(house)
    now = house.clock.now()
    start = replace(house.worker().start, lease_s=lease_s)
    job = await start(house.reserved(generation))
    assert job is not None
    assert (job.taken_over, job.cancel_requested) == (False, False)
    assert job.generation == replace(
        generation,
        status=Status.PROCESSING,
        started_at=now,
        deadline_at=now + timedelta(seconds=house.catalogue.model(generation.model_id).deadline_s),
    )
    assert job.attempt == Attempt(
        attempt_id=job.attempt.attempt_id,
        generation_id=generation.generation_id,
        account_id=ACCOUNT,
        number=1,
        provider="local",
        worker="w1",
        lease_until=now + timedelta(seconds=lease_s),
        started_at=now,
        not_before=None if lease_s else now,
        submitted=bool(lease_s),
    )
    assert job.attempt.attempt_id.startswith("att_0")
    assert house.stored(generation) == job.generation
    assert house.units.tables.attempts == {job.attempt.attempt_id: job.attempt}
    await house.facts.expect()


@pytest.mark.parametrize(("early", "starts"), [(MOMENT, True), (timedelta(), False)])
async def test_a_job_that_waited_too_long_does_not_start(
    house: House, early: timedelta, starts: bool
) -> None:
    """At its deadline it fails, and its credits come back."""
    generation = await queued(house)
    house.clock.moment = generation.deadline_at - early
    job = await house.worker().start(house.reserved(generation))
    assert (job is not None, len(house.units.tables.attempts)) == (starts, int(starts))
    if not starts:
        await expect_failed(
            house, generation, Failure("DEADLINE_EXCEEDED", "the job waited too long for a worker")
        )
    await house.facts.expect()


async def test_a_job_whose_model_was_withdrawn_does_not_start(house: House, tmp_path: Path) -> None:
    """It fails, and its credits come back."""
    generation = await queued(house)
    (tmp_path / "models.toml").write_text(MODELS)
    house.catalogue = TomlCatalogue(tmp_path / "models.toml", providers={"local"})
    assert await house.worker().start(house.reserved(generation)) is None
    assert house.units.tables.attempts == {}
    await expect_failed(house, generation, Failure("MODEL_WITHDRAWN", "the model is no longer on offer"))


async def test_a_model_that_is_withdrawn_before_the_submit_fails_its_job(
    house: House, tmp_path: Path
) -> None:
    """For good: nothing is submitted, and no other try follows."""
    generation = await queued(house)
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    (tmp_path / "models.toml").write_text(MODELS)
    house.catalogue = TomlCatalogue(tmp_path / "models.toml", providers={"local"})
    await house.worker().run(job)
    ended = house.stored(generation)
    assert ended.failure == Failure("MODEL_WITHDRAWN", "the model is no longer on offer")
    assert (house.provider.submitted, len(house.units.tables.attempts)) == ([], 1)
    await house.facts.expect("GenerationFailed")


async def expect_failed(house: House, generation: Generation, failure: Failure) -> None:
    """It ended without a try, and the one fact says why."""
    now = house.clock.now()
    assert house.stored(generation) == replace(
        generation, status=Status.FAILED, failure=failure, finished_at=now
    )
    (fact,) = await house.facts.expect("GenerationFailed")
    assert fact == GenerationFailed(
        account_id=ACCOUNT,
        generation_id=generation.generation_id,
        occurred_at=now,
        reservation_id=generation.reservation_id,
        failure=failure,
    )


async def test_credits_for_a_job_that_is_not_here_start_nothing(house: House) -> None:
    """Whose it was is not known: the event is noted, and that is all."""
    event = CreditsReserved(EventId("evt_1"), GenerationId("gen_none"), ReservationId("res_1"))
    for _ in range(2):
        assert await house.worker().start(event) is None
    assert (house.units.tables.generations, house.units.tables.attempts) == ({}, {})
    assert house.units.tables.inbox == {"evt_1"}


async def test_an_event_that_came_before_changes_nothing(house: House) -> None:
    """Not even where its job would start now."""
    generation = await queued(house)
    house.units.tables.inbox.add(EventId("evt_1"))
    assert await house.worker().start(house.reserved(generation)) is None
    assert house.stored(generation) == generation
    assert await house.worker().start(house.reserved(generation, "evt_2")) is not None
    await house.facts.expect()
