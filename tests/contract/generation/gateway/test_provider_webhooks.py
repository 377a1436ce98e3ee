"""What the gateway needs of providers that tell us of runs, by its own port: its fake and the real thing."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.errors import MalformedRequest, NotFound
from gateway.ports.generation import Generations
from generation.domain.identifiers import RunId
from generation_house import House, success
from support import HandClock

SIGNED = {"signature": "local"}


@dataclass
class Scene:
    """The port, a run that is waited for, and what was said of it."""

    port: Generations
    run: bytes
    said: Callable[[], Sequence[object]]


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """Each with one run at `local`."""
    if request.param == "fake":
        fake = MemoryGenerations(HandClock(), MemoryLedger(HandClock()))
        fake.runs.add(("local", "run_1"))
        return Scene(fake, b"run_1", lambda: fake.told_of)
    house = House()
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    house.provider.reports = [success(b"a fox")]
    run_id = f"run:{job.attempt.attempt_id}"
    async with house.units.of_system() as work:
        await work.attempts.save(replace(job.attempt, run_id=RunId(run_id)))
    channel = await connect(stack, await serve_generation(stack, house), "gateway")
    return Scene(GrpcGenerations(channel), run_id.encode(), lambda: house.nudges.nudged)


async def test_a_true_one_is_passed_on(scene: Scene) -> None:
    """Twice is as good as once."""
    for _ in range(2):
        await scene.port.receive_webhook("local", body=scene.run, headers=SIGNED, query={"a": "b"})
    assert len(set(scene.said())) == 1


async def test_a_forged_one_says_nothing(scene: Scene) -> None:
    """Nor does one without a signature."""
    for headers in ({}, {"signature": "nobody"}):
        with pytest.raises(MalformedRequest) as refused:
            await scene.port.receive_webhook("local", body=scene.run, headers=headers, query={})
        assert refused.value.reason == "INVALID_SIGNATURE"
    assert not scene.said()


async def test_what_nobody_waits_for_is_not_there(scene: Scene) -> None:
    """Another run, and a provider that tells nothing, look alike."""
    for provider, body in (("local", b"run_other"), ("nobody", scene.run), ("", scene.run)):
        with pytest.raises(NotFound) as refused:
            await scene.port.receive_webhook(provider, body=body, headers=SIGNED, query={})
        assert refused.value.reason == "RUN_NOT_FOUND"
    assert not scene.said()
