"""What the gateway needs of the log of tries, by its own port: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.grpc_generation_usage import GrpcUsageLog
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.usage_log import MemoryUsageLog
from gateway.domain.api_key import KeyGrant, KeyTerms
from gateway.domain.errors import InvalidRequest
from gateway.domain.generation import GenerationStatus, NewGeneration
from gateway.domain.identifiers import ApiKeyId, KeyDigest
from gateway.domain.usage import EVERY_TRY, NO_KEY, AttemptOutcome, UsageFilter, UsageGroup, UsageGrouping
from gateway.ports.generation import Generations
from gateway.ports.usage_log import UsageLog
from generation_house import House, success
from support import HandClock

ME, OTHER = "usr_me", "usr_other"
NIGHTLY = KeyGrant(
    key_id=ApiKeyId("key_1"), digest=KeyDigest(b"1" * 32), terms=KeyTerms(name="Nightly", scopes=frozenset())
)
SKETCH, MOTION = "local/sketch", "local/motion"


@dataclass
class Scene:
    """The port, beside the one by which jobs are made, and the clock of both."""

    log: UsageLog
    generations: Generations
    fake: MemoryGenerations
    house: House
    is_real: bool

    async def made(self, key: str, model: str = SKETCH, api_key: KeyGrant | None = None) -> str:
        """A job of mine that a worker ran to its end."""
        new = NewGeneration(
            model_id=model, input={"prompt": "fox"}, metadata={}, idempotency_key=key, key=api_key
        )
        generation, _ = await self.generations.create(ME, new)
        if not self.is_real:
            self.fake.start(generation.generation_id)
            self.fake.finish(generation.generation_id, GenerationStatus.SUCCEEDED)
            return generation.generation_id
        self.house.provider.reports = [success(b"1")]
        worker = self.house.worker()
        job = self.house.units.tables.generations[generation.generation_id]
        await worker.run(await worker.started(self.house.reserved(job, f"evt_{key}")))
        return generation.generation_id


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """Nothing was tried yet."""
    ledger, house = MemoryLedger(HandClock()), House()
    ledger.grant(ME, 1000)
    house.ledger.available = 1000
    fake = MemoryGenerations(HandClock(), ledger)
    if request.param == "fake":
        return Scene(MemoryUsageLog(fake), fake, fake, house, is_real=False)
    channel = await connect(stack, await serve_generation(stack, house), "gateway")
    return Scene(GrpcUsageLog(channel), GrpcGenerations(channel), fake, house, is_real=True)


async def test_a_try_is_a_row(scene: Scene) -> None:
    """With what it came to, also once its job is deleted."""
    made = await scene.made("k1")
    await scene.generations.delete(ME, made)
    (row,) = (await scene.log.tries(ME, EVERY_TRY, cursor=None, limit=9)).items
    assert (row.generation_id, row.model_id, row.provider) == (made, SKETCH, "local")
    assert (row.outcome, row.reason, row.credits) == (AttemptOutcome.SUCCEEDED, None, 5)
    assert (row.output_count, row.tokens, row.latency_ms) == (1, None, 0)


async def test_rows_come_in_parts_newest_first(scene: Scene) -> None:
    """Each once; to another nothing; and a place belongs to its filter."""
    made = [await scene.made(f"k{number}") for number in range(3)]
    first = await scene.log.tries(ME, EVERY_TRY, cursor=None, limit=2)
    second = await scene.log.tries(ME, EVERY_TRY, cursor=first.next_cursor, limit=2)
    assert [row.generation_id for row in (*first.items, *second.items)] == made[::-1]
    assert second.next_cursor is None
    assert (await scene.log.tries(OTHER, EVERY_TRY, cursor=None, limit=2)).items == []
    with pytest.raises(InvalidRequest):
        await scene.log.tries(ME, UsageFilter(provider="x"), cursor=first.next_cursor, limit=2)


async def test_a_filter_is_kept(scene: Scene) -> None:
    """By model, provider, outcome and time."""
    sketch, film = await scene.made("k1"), await scene.made("k2", MOTION)
    (row,) = (await scene.log.tries(ME, UsageFilter(model_id=SKETCH), cursor=None, limit=9)).items
    assert row.generation_id == sketch
    began = row.started_at

    async def shown(wanted: UsageFilter) -> list[str]:
        page = await scene.log.tries(ME, wanted, cursor=None, limit=9)
        return [each.generation_id for each in page.items]

    assert await shown(UsageFilter(outcomes=(AttemptOutcome.FAILED, AttemptOutcome.LOST))) == []
    assert await shown(UsageFilter(outcomes=(AttemptOutcome.SUCCEEDED,))) == [film, sketch]
    assert await shown(UsageFilter(provider="other")) == []
    assert await shown(UsageFilter(started_from=began, provider="local")) == [film, sketch]
    assert await shown(UsageFilter(started_before=began)) == []
    assert await shown(UsageFilter(started_from=began + timedelta(days=1))) == []


async def test_rows_are_put_together(scene: Scene) -> None:
    """By day, by model, and by both."""
    await scene.made("k1")
    await scene.made("k2")
    await scene.made("k3", MOTION)
    by_model = await scene.log.grouped(ME, EVERY_TRY, by={UsageGrouping.MODEL})
    assert [(g.model_id, g.attempts, g.output_count, g.credits, g.day) for g in by_model] == [
        (MOTION, 1, 1, 75, None),
        (SKETCH, 2, 2, 10, None),
    ]
    (by_day,) = await scene.log.grouped(ME, UsageFilter(model_id=SKETCH), by={UsageGrouping.DAY})
    assert by_day.day is not None
    assert by_day == UsageGroup(
        day=by_day.day, model_id=None, attempts=2, output_count=2, tokens=0, credits=10
    )
    both = await scene.log.grouped(ME, EVERY_TRY, by=list(UsageGrouping))
    assert [(g.day, g.model_id) for g in both] == [(by_day.day, MOTION), (by_day.day, SKETCH)]
    assert await scene.log.grouped(OTHER, EVERY_TRY, by=list(UsageGrouping)) == []


async def test_rows_say_which_key_asked(scene: Scene) -> None:
    """They are chosen and put together by it, too; those of a person come last."""
    own, keyed = await scene.made("k1"), await scene.made("k2", api_key=NIGHTLY)
    rows = (await scene.log.tries(ME, EVERY_TRY, cursor=None, limit=9)).items
    assert [(row.api_key_id, row.api_key_name) for row in rows] == [("key_1", "Nightly"), (None, None)]
    for wanted, shown in ((ApiKeyId("key_1"), [keyed]), (NO_KEY, [own]), (ApiKeyId("key_2"), [])):
        page = await scene.log.tries(ME, UsageFilter(api_key_id=wanted), cursor=None, limit=9)
        assert [row.generation_id for row in page.items] == shown
    groups = await scene.log.grouped(ME, EVERY_TRY, by={UsageGrouping.KEY})
    assert [(g.api_key_id, g.api_key_name, g.model_id, g.attempts, g.credits) for g in groups] == [
        ("key_1", "Nightly", None, 1, 5),
        (NO_KEY, None, None, 1, 5),
    ]
