"""Where credits came from and went is told to whose they are, and to nobody else."""

import pytest
from gateway.adapters.inbound.deps import Deps
from gateway.bootstrap.parts import wire
from gateway.domain.errors import NotFound
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import GenerationId, UserId
from gateway_world import Door


@pytest.fixture
def deps(door: Door) -> Deps:
    """The use cases over the door's memory."""
    return wire(door.world.ports)


async def test_lots_are_those_of_the_reservation(deps: Deps, door: Door) -> None:
    """Of two jobs each is explained by its own reservation and its own lots."""
    ada = UserId(await door.sign_up(welcome_credits=100))
    jobs = [(await door.generate()).json()["id"] for _ in range(2)]
    door.world.generations.finish(jobs[0], GenerationStatus.SUCCEEDED)
    explained = [await deps.explain_generation(ada, GenerationId(job)) for job in jobs]
    for job, explanation in zip(jobs, explained, strict=True):
        reservation = door.world.ledger.reservations[job]
        assert explanation.generation.generation_id == job
        assert explanation.reservation == reservation
        assert explanation.lots == door.world.ledger.lots[reservation.reservation_id]
    assert explained[0].lots != explained[1].lots


async def test_a_strangers_is_not_there(deps: Deps, door: Door) -> None:
    """Another user is told what somebody is told who made an id up."""
    await door.sign_up(welcome_credits=100)
    job = GenerationId((await door.generate()).json()["id"])
    bob = UserId(await door.sign_up("bob@example.com"))
    before = door.state()
    for generation_id in (job, GenerationId("gen_" + "0" * 32)):
        with pytest.raises(NotFound) as refused:
            await deps.explain_generation(bob, generation_id)
        assert refused.value.detail == "There is no such generation."
    assert door.state() == before


async def test_without_a_reservation_nothing_is_explained(deps: Deps, door: Door) -> None:
    """A job that was rejected held nothing and drew from nothing."""
    ada = UserId(await door.sign_up())
    assert (await door.generate()).status_code == 402
    (job,) = door.world.generations.jobs
    explanation = await deps.explain_generation(ada, GenerationId(job))
    assert explanation.generation.status is GenerationStatus.REJECTED
    assert (explanation.reservation, list(explanation.lots)) == (None, [])
