"""What the gateway needs of links to generations, by its own port: its fake and the real thing."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation import GrpcGenerations, GrpcShares
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.shares import MemoryShares
from gateway.domain.errors import Conflict, InvalidRequest, NotFound
from gateway.domain.generation import GenerationStatus, Modality, NewGeneration
from gateway.domain.identifiers import ShareId
from gateway.domain.share import DAY_S, HOUR_S, LIFETIMES_S
from gateway.ports.generation import Generations
from gateway.ports.shares import Shares
from generation_house import House, success
from support import HandClock

ME = "usr_me"


@dataclass
class Scene:
    """Both ports over the same jobs, and what ends one as a worker does."""

    generations: Generations
    shares: Shares
    finish: Callable[[str], Awaitable[None]]


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """Each with 100 credits for me."""
    if request.param == "fake":
        ledger = MemoryLedger(HandClock())
        ledger.grant(ME, 100)
        fake = MemoryGenerations(HandClock(), ledger)

        async def finish_fake(generation_id: str) -> None:
            fake.finish(generation_id, GenerationStatus.SUCCEEDED)

        return Scene(fake, MemoryShares(fake), finish_fake)
    house = House()
    house.ledger.available = 100

    async def finish_real(generation_id: str) -> None:
        house.provider.reports = [success(b"a fox")]
        worker = house.worker()
        stored = house.units.tables.generations[generation_id]
        await worker.run(await worker.started(house.reserved(stored)))

    channel = await connect(stack, await serve_generation(stack, house), "gateway")
    return Scene(GrpcGenerations(channel), GrpcShares(channel), finish_real)


async def started(scene: Scene) -> str:
    """A job of mine."""
    asked = NewGeneration(
        model_id="local/sketch", input={"prompt": "a red fox"}, metadata={}, idempotency_key="k1"
    )
    made, _ = await scene.generations.create(ME, asked)
    return made.generation_id


async def test_a_link_is_made_read_and_withdrawn(scene: Scene) -> None:
    """Its token opens the files until then, with the prompt where that was chosen."""
    job = await started(scene)
    await scene.finish(job)
    first, plain = await scene.shares.create_share(ME, job, lifetime_s=HOUR_S, shows_prompt=False)
    second, telling = await scene.shares.create_share(ME, job, lifetime_s=DAY_S, shows_prompt=True)
    assert (first.expires_at - first.created_at).total_seconds() == HOUR_S
    assert list(await scene.shares.shares_of(ME, job)) == [second, first]
    seen = await scene.shares.shared(plain)
    assert (seen.modality, seen.prompt, seen.expires_at) == (Modality.IMAGE, None, first.expires_at)
    assert [bool(output.url) for output in seen.outputs] == [True]
    assert (await scene.shares.shared(telling)).prompt == "a red fox"
    for _ in range(2):
        await scene.shares.withdraw_share(ME, job, first.share_id)
    with pytest.raises(NotFound) as ended:
        await scene.shares.shared(plain)
    assert ended.value.reason == "SHARE_ENDED"
    assert list(await scene.shares.shares_of(ME, job)) == [second]


async def test_nobody_elses_is_shared(scene: Scene) -> None:
    """For others there is no such job; what I made stays."""
    job = await started(scene)
    await scene.finish(job)
    made, token = await scene.shares.create_share(ME, job, lifetime_s=HOUR_S, shows_prompt=False)
    with pytest.raises(NotFound):
        await scene.shares.create_share("usr_other", job, lifetime_s=HOUR_S, shows_prompt=True)
    with pytest.raises(NotFound):
        await scene.shares.shares_of("usr_other", job)
    with pytest.raises(NotFound):
        await scene.shares.withdraw_share("usr_other", job, made.share_id)
    assert (await scene.shares.shared(token)).outputs


async def test_what_cannot_be_shared_says_why(scene: Scene) -> None:
    """A job without an output, a lifetime that is not on offer, one link too many."""
    job = await started(scene)
    with pytest.raises(Conflict) as refused:
        await scene.shares.create_share(ME, job, lifetime_s=HOUR_S, shows_prompt=False)
    assert refused.value.reason == "NOTHING_TO_SHARE"
    await scene.finish(job)
    for lifetime_s in LIFETIMES_S:
        await scene.shares.create_share(ME, job, lifetime_s=lifetime_s, shows_prompt=False)
    with pytest.raises(InvalidRequest):
        await scene.shares.create_share(ME, job, lifetime_s=HOUR_S + 1, shows_prompt=False)
    for _ in range(20 - len(LIFETIMES_S)):
        await scene.shares.create_share(ME, job, lifetime_s=HOUR_S, shows_prompt=False)
    with pytest.raises(Conflict) as full:
        await scene.shares.create_share(ME, job, lifetime_s=HOUR_S, shows_prompt=False)
    assert full.value.reason == "TOO_MANY_SHARES"


@pytest.mark.parametrize("token", ["", "x" * 43, "../../etc/passwd", "\u00e9" * 43, "x" * 5_000])
async def test_no_other_token_opens_anything(scene: Scene, token: str) -> None:
    """Whatever it looks like, it is told what an ended link is told."""
    with pytest.raises(NotFound) as refused:
        await scene.shares.shared(token)
    assert refused.value.reason == "SHARE_ENDED"


async def test_a_deleted_jobs_links_have_ended(scene: Scene) -> None:
    """And nothing is left to withdraw."""
    job = await started(scene)
    await scene.finish(job)
    _, token = await scene.shares.create_share(ME, job, lifetime_s=HOUR_S, shows_prompt=False)
    await scene.generations.delete(ME, job)
    with pytest.raises(NotFound) as refused:
        await scene.shares.shared(token)
    assert refused.value.reason == "SHARE_ENDED"
    with pytest.raises(NotFound):
        await scene.shares.withdraw_share(ME, job, ShareId("shr_1"))
