"""What the gateway needs of generation, by the gateway's own port: its fake and the real thing."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.inbound.middleware import BODY_MAX_BYTES
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.application.unanswered_generations import UnansweredGenerations
from gateway.domain.api_key import KeyGrant, KeyTerms, Scope
from gateway.domain.errors import (
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unavailable,
)
from gateway.domain.generation import Generation, GenerationStatus, NewGeneration
from gateway.domain.identifiers import ApiKeyId, KeyDigest
from gateway.domain.usage import ModelUsage
from gateway.ports.generation import Generations
from generation.domain.entitlements import Entitlements
from generation.domain.errors import StorageBusy
from generation_house import House, premium_house, success
from support import HandClock

ME = "usr_me"


@pytest.fixture(params=["fake", "real"])
async def generations(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Generations:
    """Each with 100 credits for me."""
    if request.param == "fake":
        ledger = MemoryLedger(HandClock())
        ledger.grant(ME, 100)
        return MemoryGenerations(HandClock(), ledger)
    house = House()
    house.ledger.available = 100
    return GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))


def new(
    *, key: str = "k1", model: str = "local/sketch", quote_id: str | None = None, **given: object
) -> NewGeneration:
    """A request."""
    return NewGeneration(
        model_id=model,
        input={"prompt": "a red fox", **given},
        quote_id=quote_id,
        metadata={},
        idempotency_key=key,
    )


async def create(generations: Generations, **given: object) -> Generation:
    """Start one."""
    made, _ = await generations.create(ME, new(**given))  # type: ignore[arg-type]
    return made


async def test_models_say_what_they_take(generations: Generations) -> None:
    """Schema, price and providers; an unknown one is not found."""
    models = {model.model_id: model for model in await generations.models()}
    sketch = await generations.model("local/sketch")
    assert models["local/sketch"].model_id == sketch.model_id
    assert "prompt" in sketch.input_schema["properties"]
    assert sketch.pricing.credits_per_unit > 0
    assert sketch.pricing.per_units == 1
    with pytest.raises(NotFound) as refused:
        await generations.model("local/nothing")
    assert refused.value.reason == "UNKNOWN_MODEL"


@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_a_model_for_subscribers_is_theirs(kind: str, stack: AsyncExitStack) -> None:
    """Everybody reads what it requires; whose plan does not open it is told so, and nothing is made."""
    port: Generations
    if kind == "fake":
        ledger = MemoryLedger(HandClock())
        ledger.grant(ME, 100)
        port = MemoryGenerations(
            HandClock(),
            ledger,
            requires={"local/motion": "premium"},
            entitlements={"usr_subscriber": {"premium"}},
        )
    else:
        house = premium_house()
        await house.keep_entitlements(
            Entitlements(account_id="usr_subscriber", words=("premium",), valid_until=None, revision=1)
        )
        port = GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))
    for account, usable in ((None, None), (ME, False), ("usr_subscriber", True)):
        motion = await port.model("local/motion", account)
        assert (motion.requires, motion.is_usable) == ("premium", usable)
        models = {model.model_id: model for model in await port.models(account)}
        assert models["local/motion"] == motion
        sketch = models["local/sketch"]
        assert (sketch.requires, sketch.is_usable) == (None, None if account is None else True)
    with pytest.raises(Forbidden) as refused:
        await create(port, model="local/motion")
    assert refused.value.reason == "ENTITLEMENT_REQUIRED"
    assert "Motion" in refused.value.detail
    assert "premium" in refused.value.detail
    assert list((await port.page(ME, cursor=None, limit=5)).items) == []


async def test_a_key_starts_one_job(generations: Generations) -> None:
    """A replay says so; the same key for another input is refused."""
    made, replayed = await generations.create(ME, new())
    assert (made.status, made.credits_reserved, replayed) == (GenerationStatus.QUEUED, 5, False)
    again, replayed = await generations.create(ME, new())
    assert (again.generation_id, replayed) == (made.generation_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await generations.create(ME, new(prompt="another fox"))


async def test_bad_input_names_its_field(generations: Generations) -> None:
    """What the schema refuses never starts."""
    for given, field in (({"prompt": "x"}, "prompt"), ({"output_count": 99}, "output_count")):
        with pytest.raises(InvalidRequest) as refused:
            await generations.create(ME, new(**given))  # type: ignore[arg-type]
        assert [one.field.rpartition(".")[2] for one in refused.value.fields] == [field]
    page = await generations.page(ME, cursor=None, limit=5)
    assert list(page.items) == []


async def test_characters_are_counted_not_bytes(generations: Generations) -> None:
    """A prompt as long as its schema allows is taken, whatever its letters weigh."""
    for number, character in enumerate("a\u56fe\U0001f600"):
        made = await create(generations, key=f"k{number}", prompt=character * 1000)
        assert made.input["prompt"] == character * 1000
    with pytest.raises(InvalidRequest):
        await create(generations, key="k9", prompt="\u56fe" * 1001)


def test_the_door_lets_the_longest_input_in() -> None:
    """JSON may spell every character in twelve bytes: the gateway's bound is above that for every model."""
    for model in House().catalogue.models():
        rules = model.input_schema["properties"].values()
        assert 12 * sum(rule.get("maxLength", 64) for rule in rules) + 8192 < BODY_MAX_BYTES


async def test_too_few_credits_say_how_many(generations: Generations) -> None:
    """There, needed, and the job that stands as rejected."""
    with pytest.raises(InsufficientCredits) as refused:
        await create(generations, model="local/motion", duration_s=12, output_count=4)
    assert (refused.value.balance_credits, refused.value.required_credits) == (100, 1200)
    with pytest.raises(InsufficientCredits) as again:
        await create(generations, model="local/motion", duration_s=12, output_count=4)
    assert again.value.generation_id == refused.value.generation_id
    assert (refused.value.replayed, again.value.replayed) == (False, True)
    assert refused.value.decided_at == again.value.decided_at is not None
    rejected = await generations.generation(ME, refused.value.generation_id)
    assert rejected.status is GenerationStatus.REJECTED


async def test_an_api_key_reserves_no_more_than_it_may(generations: Generations) -> None:
    """The refusal names it; a person goes on."""
    terms = KeyTerms(name="Web shop", scopes=frozenset({Scope.GENERATIONS_WRITE}), monthly_credits_max=9)
    grant = KeyGrant(key_id=ApiKeyId("key_1"), digest=KeyDigest(b""), terms=terms)
    asked = new(key="by key 1")
    made, _ = await generations.create(ME, replace(asked, key=grant))
    assert made.credits_reserved == 5
    with pytest.raises(Forbidden) as refused:
        await generations.create(ME, replace(asked, key=grant, idempotency_key="by key 2"))
    assert refused.value.reason == "KEY_LIMIT_REACHED"
    assert "'Web shop' may reserve 9 credits" in str(refused.value)
    assert (await create(generations, key="by hand")).credits_reserved == 5


async def test_a_quote_is_honoured_for_its_own_input_only(generations: Generations) -> None:
    """Signed for one exact input."""
    quote = await generations.quote(ME, model_id="local/sketch", job={"prompt": "a red fox"})
    assert quote.credits == 5
    made = await create(generations, quote_id=quote.quote_id)
    assert made.credits_reserved == 5
    with pytest.raises(InvalidRequest):
        await create(generations, key="k2", quote_id="forged")


async def test_jobs_are_listed_cancelled_and_deleted(generations: Generations) -> None:
    """In that order only, by their owner only."""
    ids = [(await create(generations, key=f"k{number}")).generation_id for number in range(3)]
    first = await generations.page(ME, cursor=None, limit=2)
    second = await generations.page(ME, cursor=first.next_cursor, limit=2)
    assert {one.generation_id for one in (*first.items, *second.items)} == set(ids)
    with pytest.raises(Conflict):
        await generations.delete(ME, ids[0])
    for attempt in (generations.generation, generations.cancel, generations.delete):
        with pytest.raises(NotFound):
            await attempt("usr_other", ids[0])
    cancelled = await generations.cancel(ME, ids[0])
    assert cancelled.status is GenerationStatus.CANCELLED
    await generations.delete(ME, ids[0])
    with pytest.raises(NotFound):
        await generations.generation(ME, ids[0])


async def test_a_job_that_waits_has_a_place(generations: Generations) -> None:
    """The next one is 1; a place among everybody's, whose the others are is not told."""
    first, second = await create(generations, key="k1"), await create(generations, key="k2")
    assert (first.queue_position, second.queue_position) == (1, 2)
    assert first.expected_ready_at is None
    page = await generations.page(ME, cursor=None, limit=5)
    assert [one.queue_position for one in page.items] == [2, 1]
    cancelled = await generations.cancel(ME, second.generation_id)
    assert cancelled.queue_position is None


async def test_a_model_says_nothing_of_times_that_nobody_knows(generations: Generations) -> None:
    """While too few jobs were made, there is no median rather than 0."""
    assert {model.median_duration_s for model in await generations.models()} == {None}


@pytest.mark.parametrize("side", ["fake", "real"])
async def test_usage_is_what_was_charged(side: str, stack: AsyncExitStack) -> None:
    """By model, from a bound up to the next, deleted or not; what is unreadable is refused by both."""
    clock = HandClock()
    generations: Generations
    if side == "fake":
        ledger = MemoryLedger(clock)
        ledger.grant(ME, 100)
        fake = generations = MemoryGenerations(clock, ledger)
        made = await create(fake)
        fake.finish(made.generation_id, GenerationStatus.SUCCEEDED)
    else:
        house = House()
        house.ledger.available = 100
        clock = house.clock
        generations = GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))
        made = await create(generations)
        house.provider.reports = [success(b"one")]
        worker = house.worker()
        await worker.run(await worker.started(house.reserved(house.stored(made))))
    await create(generations, key="k2")
    day = timedelta(days=1)
    bounds = [clock.now() - day, clock.now() - day / 2, clock.now() + day]
    expected = [ModelUsage(period=1, model_id=made.model_id, credits=5, generations=1)]
    assert await generations.usage(ME, bounds=bounds) == expected
    await generations.delete(ME, made.generation_id)
    assert await generations.usage(ME, bounds=bounds) == expected
    assert await generations.usage(ME, bounds=bounds[:2]) == []
    assert await generations.usage("usr_other", bounds=bounds) == []
    for wrong in (
        bounds[:1],
        bounds[::-1],
        [bounds[0], bounds[0]],
        [bounds[0] + day * n for n in range(401)],
    ):
        with pytest.raises(InvalidRequest):
            await generations.usage(ME, bounds=wrong)


async def test_whoever_got_no_answer_withdraws_by_the_key(generations: Generations) -> None:
    """It stops at once, again changes nothing, and a key that nobody has is not found."""
    made = await create(generations, key="k1")
    for _ in range(2):
        withdrawn = await generations.withdraw(ME, "k1")
        assert (withdrawn.generation_id, withdrawn.status) == (made.generation_id, GenerationStatus.CANCELLED)
    with pytest.raises(NotFound):
        await generations.withdraw(ME, "k2")
    with pytest.raises(NotFound):
        await generations.withdraw("usr_other", "k1")


async def test_an_answer_that_is_lost_leaves_nothing_running(stack: AsyncExitStack) -> None:
    """The ledger held the credits and could not say so; what was withdrawn gives them back."""
    house = House()
    house.ledger.available, house.ledger.loses_answers = 100, True
    generations = GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))
    step = UnansweredGenerations(generations=generations)
    with pytest.raises(Unavailable) as refused:
        async with step.withdrawn(ME, "k1", may_come_back=False):
            await generations.create(ME, new(key="k1"))
    assert (refused.value.reason, refused.value.may_have_begun) == ("LEDGER_UNAVAILABLE", False)
    house.ledger.loses_answers = False
    house.clock.forward(seconds=20)
    await house.sweep_reservations()
    (job,) = house.units.tables.generations.values()
    assert (job.status.value, job.credits_charged) == ("cancelled", 0)
    (fact,) = await house.facts.expect("GenerationCancelled")
    assert fact.reservation_id is not None


def busy(house: House, is_busy: Callable[[int], bool]) -> None:
    """Have the database be busy for shared steps of these numbers."""
    shared, asked = house.units.shared, count(1)

    async def refused(step: Any, needs: Any) -> Any:
        if is_busy(next(asked)):
            raise StorageBusy("too many wait already", retry_after_s=0.5)
        return await shared(step, needs)

    house.units.shared = refused  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("is_busy", "reason", "jobs"),
    [
        # The first that is done stores the job: nothing to be withdrawn, and no look for it.
        (lambda number: number == 1, "STORAGE_BUSY", []),
        # The job is there, and so is its reservation.
        (lambda number: number > 1, "STORAGE_UNAVAILABLE", ["cancelled"]),
    ],
    ids=["nothing", "a job"],
)
async def test_a_busy_database_says_whether_anything_was_begun(
    stack: AsyncExitStack, is_busy: Callable[[int], bool], reason: str, jobs: list[str]
) -> None:
    """What was begun is withdrawn; where nothing was, nobody is asked for it."""
    house = House()
    house.ledger.available = 100
    busy(house, is_busy)
    generations = GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))
    step = UnansweredGenerations(generations=generations, try_s=0 if not jobs else 5)
    with pytest.raises((RateLimited, Unavailable)) as refused:
        async with step.withdrawn(ME, "k1", may_come_back=False):
            await generations.create(ME, new(key="k1"))
    assert (refused.value.reason, refused.value.may_have_begun) == (reason, False)
    del house.units.shared
    house.clock.forward(seconds=20)
    await house.sweep_reservations()
    assert [job.status.value for job in house.units.tables.generations.values()] == jobs
    await house.facts.expect(*(["GenerationCancelled"] * len(jobs)))


async def test_what_is_asked_for_again_by_itself_may_have_begun(stack: AsyncExitStack) -> None:
    """The first attempt stored a job, of which nobody was told; the second finds no room to look for it."""
    house = House()
    house.ledger.available, house.ledger.loses_answers = 100, True
    busy(house, lambda number: number == 2)
    generations = GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))
    step = UnansweredGenerations(generations=generations)
    with pytest.raises(Unavailable) as refused:
        async with step.withdrawn(ME, "k1", may_come_back=False):
            await generations.create(ME, new(key="k1"))
    assert not refused.value.may_have_begun
    (job,) = house.units.tables.generations.values()
    assert job.cancel_requested
