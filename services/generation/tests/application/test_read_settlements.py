"""What the ledger and the auditor are told, and what an account has spent."""

from dataclasses import replace
from datetime import timedelta

import pytest
from generation.domain.errors import GenerationNotFound
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import GenerationId, ModelId
from generation.domain.settlement import Decision, Settlement
from generation.domain.usage import ModelUsage
from generation_house import House
from generation_rows import ALICE, BOB, NOW, job, running


def keep(house: House, *jobs: Generation) -> None:
    """Store them as they are."""
    house.units.tables.generations |= {generation.generation_id: generation for generation in jobs}


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (job(), Settlement(Decision.PENDING)),
        (running(), Settlement(Decision.PENDING)),
        (running().succeeded(delivered_units=1, now=NOW), Settlement(Decision.CHARGE, 5)),
        (
            running().failed(Failure("PROVIDER_FAILED", "no"), now=NOW),
            Settlement(Decision.REFUND, 0, "PROVIDER_FAILED"),
        ),
        (running().cancelled(now=NOW), Settlement(Decision.REFUND, 0, "CANCELLED")),
    ],
    ids=["reserving", "running", "succeeded", "failed", "cancelled"],
)
async def test_a_job_is_settled_as_it_ended(house: House, kept: Generation, expected: Settlement) -> None:
    """Whosever it is."""
    keep(house, kept, running(2).cancelled(now=NOW))
    assert await house.settlements.of(kept.generation_id) == expected


async def test_a_job_that_never_was_has_no_settlement(house: House) -> None:
    """It is no refund either."""
    keep(house, job())
    with pytest.raises(GenerationNotFound, match="no such generation"):
        await house.settlements.of(GenerationId("gen_none"))


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1000, 1001])
async def test_every_ended_job_is_told_once(house: House, count: int) -> None:
    """The oldest first, of every account, however many; none that runs or held nothing."""
    ended = [
        running(number, account_id=ALICE if number % 2 else BOB).cancelled(now=NOW)
        for number in range(1, count + 1)
    ]
    keep(house, running(5000), *reversed(ended), job(5001).cancelled(now=NOW))
    assert [generation async for generation in house.settlements.all()] == ended


async def test_usage_is_what_was_charged_by_period_and_model(house: House) -> None:
    """Of this account alone; a period begins at its bound and ends before the next."""
    other = ModelId("local/other")
    ends = [-1, 0, 1, 9, 10, 19, 20]
    made = [
        running(number).succeeded(delivered_units=1, now=NOW + timedelta(seconds=second))
        for number, second in enumerate(ends)
    ]
    keep(
        house,
        *made,
        replace(made[2], generation_id=GenerationId("gen_other"), model_id=other, idempotency_key="other"),
        running(90, account_id=BOB).succeeded(delivered_units=1, now=NOW),
        running(91).failed(Failure("PROVIDER_FAILED", "no"), now=NOW),
    )
    bounds = [NOW, NOW + timedelta(seconds=10), NOW + timedelta(seconds=20)]
    sketch = ModelId("local/sketch")
    assert await house.usage.by_period(ALICE, bounds=bounds) == [
        ModelUsage(period=0, model_id=other, credits=5, generations=1),
        ModelUsage(period=0, model_id=sketch, credits=15, generations=3),
        ModelUsage(period=1, model_id=sketch, credits=10, generations=2),
    ]
    assert await house.usage.by_period(BOB, bounds=bounds) == [
        ModelUsage(period=0, model_id=sketch, credits=5, generations=1)
    ]
    assert {generation.status for generation in made} == {Status.SUCCEEDED}
