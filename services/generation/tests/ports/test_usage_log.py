"""What tries came to, over memory and PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from generation.domain.attempt import Attempt, Outcome
from generation.domain.cost import Cost, CostSource
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import ApiKeyId, AttemptId, ModelId, RunId
from generation.domain.key_use import KeyUse
from generation.domain.margin import Margin, MarginGrouping
from generation.domain.model_statistics import RunCount
from generation.domain.pricing import Price
from generation.domain.usage import NO_KEY, AttemptUsage, Grouping, UsageFilter, UsageGroup
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, NOW, attempt, job, running, stored

MOTION = ModelId("local/motion")
BROKEN = Failure("PROVIDER_FAILED", "broke")
FILM = Price(credits=75, units=3, breakdown="")
NIGHTLY = KeyUse(ApiKeyId("key_b"), "Nightly")
NIGHT = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)


def tried(number: int, *, of: int, outcome: Outcome = Outcome.RUNNING, **changes: Any) -> Attempt:
    """A try of a job."""
    changes = {"attempt_id": AttemptId(f"att_{number:032x}"), **changes}
    made = replace(attempt(of, **changes), number=number)
    if outcome is Outcome.RUNNING:
        return made
    failure = BROKEN if outcome is Outcome.FAILED else None
    return made.ended(outcome, now=made.started_at + timedelta(seconds=2), failure=failure)


@pytest.fixture
async def kept(units: UnitsOfWork) -> UnitsOfWork:
    """A job of Alice's that failed once, a deleted film that a key asked for, one that runs, one of Bob's."""
    done = {"status": Status.SUCCEEDED, "finished_at": NOW}
    await stored(
        units,
        replace(running(1), **done, credits_charged=5),
        replace(
            running(2), **done, price=FILM, credits_charged=75, model_id=MOTION, deleted_at=NOW, key=NIGHTLY
        ),
        running(3),
        replace(running(4), **done, credits_charged=4, account_id=BOB),
    )
    async with units.of_system() as work:
        for made in (
            tried(1, of=1, outcome=Outcome.FAILED, provider="other"),
            replace(tried(2, of=1, outcome=Outcome.SUCCEEDED), output_count=1),
            replace(tried(3, of=2, outcome=Outcome.SUCCEEDED, started_at=NIGHT), output_count=1, tokens=7),
            tried(4, of=3, started_at=NIGHT + timedelta(minutes=1)),
            tried(5, of=4, outcome=Outcome.SUCCEEDED, account_id=BOB),
        ):
            await work.attempts.add(made)
    return units


async def listed(units: UnitsOfWork, **wanted: Any) -> Sequence[AttemptUsage]:
    """What Alice is shown."""
    asked = {"wanted": UsageFilter(), "before": None, "limit": 9} | wanted
    async with units.of(ALICE) as work:
        return await work.usage_log.page(ALICE, **asked)


def numbers(tries: Sequence[AttemptUsage]) -> list[int]:
    """Which they are."""
    return [int(each.attempt_id.removeprefix("att_"), 16) for each in tries]


async def test_tries_are_told_newest_first(kept: UnitsOfWork) -> None:
    """Each with what it came to: the one that delivered was charged for, and no other."""
    tries = await listed(kept)
    assert numbers(tries) == [4, 3, 2, 1]
    assert [each.credits for each in tries] == [0, 75, 5, 0]
    assert [each.tokens for each in tries] == [None, 7, None, None]
    assert tries[3] == AttemptUsage(
        attempt_id=AttemptId(f"att_{1:032x}"),
        generation_id=job(1).generation_id,
        model_id=job(1).model_id,
        provider="other",
        outcome=Outcome.FAILED,
        reason="PROVIDER_FAILED",
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=2),
        output_count=0,
        tokens=None,
        credits=0,
        api_key_id=None,
        api_key_name=None,
    )
    assert (tries[1].api_key_id, tries[1].api_key_name) == ("key_b", "Nightly")
    assert numbers(await listed(kept, before=AttemptId(f"att_{3:032x}"), limit=1)) == [2]


async def test_anothers_tries_are_nowhere(kept: UnitsOfWork) -> None:
    """Neither listed nor summed, not even when they are asked for by name."""
    async with kept.of(ALICE) as work:
        assert await work.usage_log.page(BOB, wanted=UsageFilter(), before=None, limit=9) == []
        assert await work.usage_log.grouped(BOB, wanted=UsageFilter(), by={Grouping.DAY}, limit=9) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (UsageFilter(model_id=MOTION), [3]),
        (UsageFilter(provider="other"), [1]),
        (UsageFilter(outcomes=frozenset({Outcome.RUNNING, Outcome.FAILED})), [4, 1]),
        (UsageFilter(started_from=NIGHT), [4, 3]),
        (UsageFilter(api_key_id=ApiKeyId("key_b")), [3]),
        (UsageFilter(api_key_id=ApiKeyId("key_c")), []),
        (UsageFilter(api_key_id=NO_KEY), [4, 2, 1]),
        (UsageFilter(started_before=NIGHT), [2, 1]),
        (UsageFilter(provider="local", started_before=NIGHT, model_id=MOTION), []),
    ],
)
async def test_a_filter_admits(kept: UnitsOfWork, wanted: UsageFilter, shown: list[int]) -> None:
    """What every word of it admits: a time to its start, before its end."""
    assert numbers(await listed(kept, wanted=wanted)) == shown


async def grouped(units: UnitsOfWork, *by: Grouping, limit: int = 9) -> Sequence[UsageGroup]:
    """Alice's tries put together."""
    async with units.of(ALICE) as work:
        return await work.usage_log.grouped(ALICE, wanted=UsageFilter(), by=by, limit=limit)


def group(day: date | None, model_id: ModelId | None, *sums: int, **key: Any) -> UsageGroup:
    """A group of attempts, outputs, tokens, credits."""
    attempts, outputs, tokens, charged = sums
    return UsageGroup(
        day=day,
        model_id=model_id,
        attempts=attempts,
        output_count=outputs,
        tokens=tokens,
        credits=charged,
        **key,
    )


async def test_tries_are_put_together(kept: UnitsOfWork) -> None:
    """By days of UTC, the newest first; then by model; what is not asked for is not told."""
    first, second, sketch = date(2026, 11, 21), date(2026, 11, 22), job().model_id
    assert await grouped(kept, Grouping.DAY) == [
        group(second, None, 1, 0, 0, 0),
        group(first, None, 3, 2, 7, 80),
    ]
    assert await grouped(kept, Grouping.MODEL) == [
        group(None, MOTION, 1, 1, 7, 75),
        group(None, sketch, 3, 1, 0, 5),
    ]
    both = await grouped(kept, Grouping.DAY, Grouping.MODEL)
    assert both == [
        group(second, sketch, 1, 0, 0, 0),
        group(first, MOTION, 1, 1, 7, 75),
        group(first, sketch, 2, 1, 0, 5),
    ]
    assert await grouped(kept, Grouping.DAY, Grouping.MODEL, limit=2) == both[:2]
    assert await grouped(kept) == [group(None, None, 4, 2, 7, 80)]


async def test_tries_are_put_together_by_key(kept: UnitsOfWork) -> None:
    """Each key with its name, those of no key last; and within whatever else they are put together by."""
    renamed = replace(running(5), key=KeyUse(ApiKeyId("key_a"), ""))
    async with kept.of_system() as work:
        await work.generations.add(renamed)
        await work.attempts.add(tried(6, of=5))
    first, unnamed = {"api_key_id": "key_a", "api_key_name": ""}, {"api_key_id": NO_KEY}
    second = {"api_key_id": "key_b", "api_key_name": "Nightly"}
    assert await grouped(kept, Grouping.KEY) == [
        group(None, None, 1, 0, 0, 0, **first),
        group(None, None, 1, 1, 7, 75, **second),
        group(None, None, 3, 1, 0, 5, **unnamed),
    ]
    assert await grouped(kept, Grouping.KEY, Grouping.MODEL) == [
        group(None, MOTION, 1, 1, 7, 75, **second),
        group(None, job().model_id, 1, 0, 0, 0, **first),
        group(None, job().model_id, 3, 1, 0, 5, **unnamed),
    ]


async def margins(units: UnitsOfWork, *by: MarginGrouping, **wanted: Any) -> Sequence[Margin]:
    """Everybody's, a credit for a cent."""
    async with units.of_system() as work:
        return await work.usage_log.margins(UsageFilter(**wanted), by=by, credit_usd_micros=10_000, limit=9)


def margin(attempts: int, charged: int, cost: int, unknown: int, **key: Any) -> Margin:
    """One line."""
    return Margin(
        attempts=attempts,
        credits=charged,
        revenue_usd_micros=charged * 10_000,
        cost_usd_micros=cost,
        unknown_costs=unknown,
        **key,
    )


async def test_margins_are_of_everybody(kept: UnitsOfWork) -> None:
    """Where least is left comes first; what a failure cost counts, and what nobody knows is counted."""
    async with kept.of_system() as work:
        for number, cost in ((1, 90_000), (2, 3_000)):
            (found,) = [
                each for each in await work.attempts.of(job(1).generation_id) if each.number == number
            ]
            run = replace(found, run_id=RunId(f"r{number}"), cost=Cost(cost, CostSource.CONFIGURED))
            await work.attempts.save(run)
        (film,) = await work.attempts.of(job(2).generation_id)
        await work.attempts.save(replace(film, run_id=RunId("r3")))
    sketch, first, second = job().model_id, date(2026, 11, 21), date(2026, 11, 22)
    assert await margins(kept, MarginGrouping.MODEL) == [
        margin(4, 9, 93_000, 0, model_id=sketch),
        margin(1, 75, 0, 1, model_id=MOTION),
    ]
    assert await margins(kept, MarginGrouping.DAY) == [
        margin(1, 0, 0, 0, day=second),
        margin(4, 84, 93_000, 1, day=first),
    ]
    (worst, *_) = await margins(kept, MarginGrouping.JOB)
    assert worst == margin(2, 5, 93_000, 0, generation_id=job(1).generation_id)
    assert worst.usd_micros == -43_000
    assert await margins(kept, MarginGrouping.PROVIDER, outcomes=frozenset({Outcome.FAILED})) == [
        margin(1, 0, 90_000, 0, provider="other")
    ]
    assert await margins(kept, MarginGrouping.DAY, provider="nobody") == []


async def test_tries_of_late_are_counted_by_model_and_provider(kept: UnitsOfWork) -> None:
    """Everybody's that tell of their provider, and no older ones; the newest where there are too many."""
    refused = tried(7, of=3, outcome=Outcome.FAILED, provider="other")
    async with kept.of_system() as work:
        for made in (
            tried(6, of=1, outcome=Outcome.LOST),
            replace(refused, reason="CONTENT_REFUSED"),
            tried(8, of=3, outcome=Outcome.CANCELLED),
            replace(tried(9, of=4, outcome=Outcome.SUCCEEDED), finished_at=NOW + timedelta(seconds=6)),
        ):
            await work.attempts.add(made)
        sketch = job(1).model_id
        films = [RunCount(MOTION, None, 1, 1, 2.0), RunCount(MOTION, "local", 1, 1, 2.0)]
        assert await work.usage_log.counts(since=NOW, newest=99) == [
            *films,
            RunCount(sketch, None, runs=5, succeeded=3, median_duration_s=2.0),
            RunCount(sketch, "local", runs=4, succeeded=3, median_duration_s=2.0),
            RunCount(sketch, "other", runs=1, succeeded=0, median_duration_s=None),
        ]
        assert await work.usage_log.counts(since=NOW, newest=1) == films
        assert await work.usage_log.counts(since=NIGHT, newest=99) == films
        assert await work.usage_log.counts(since=NIGHT + timedelta(minutes=1), newest=99) == []
