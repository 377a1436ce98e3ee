"""What tries came to, in memory, for tests."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from statistics import median
from typing import Any

from generation.adapters.outbound.memory_tables import Tables
from generation.domain.attempt import Attempt, Outcome
from generation.domain.identifiers import AccountId, AttemptId, ModelId
from generation.domain.margin import Margin, MarginGrouping
from generation.domain.model_statistics import NOT_TELLING, TELLING, RunCount
from generation.domain.usage import NO_KEY, AttemptUsage, Grouping, UsageFilter, UsageGroup, usage_of


class MemoryUsageLog:
    """Tries and their jobs, whose rows a transaction of one account does not see unless they are its own."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._tables = tables
        self._account = account

    async def page(
        self, account_id: AccountId, *, wanted: UsageFilter, before: AttemptId | None, limit: int
    ) -> Sequence[AttemptUsage]:
        tries = self._tries(account_id, wanted)
        return [each for each in tries if before is None or each.attempt_id < before][:limit]

    async def grouped(
        self, account_id: AccountId, *, wanted: UsageFilter, by: Collection[Grouping], limit: int
    ) -> Sequence[UsageGroup]:
        groups: dict[tuple[object, ...], list[AttemptUsage]] = {}
        for each in self._tries(account_id, wanted):
            day = each.started_at.astimezone(UTC).date() if Grouping.DAY in by else None
            model_id = each.model_id if Grouping.MODEL in by else None
            key_id = each.api_key_id if Grouping.KEY in by else None
            groups.setdefault((day, model_id, key_id), []).append(each)
        summed = [
            UsageGroup(
                day=tries[0].started_at.astimezone(UTC).date() if Grouping.DAY in by else None,
                model_id=tries[0].model_id if Grouping.MODEL in by else None,
                api_key_id=(tries[0].api_key_id or NO_KEY) if Grouping.KEY in by else None,
                api_key_name=tries[0].api_key_name if Grouping.KEY in by else None,
                attempts=len(tries),
                output_count=sum(each.output_count for each in tries),
                tokens=sum(each.tokens or 0 for each in tries),
                credits=sum(each.credits for each in tries),
            )
            for tries in groups.values()
        ]
        by_model = sorted(
            summed, key=lambda g: (g.model_id or "", g.api_key_id == NO_KEY, g.api_key_id or "")
        )
        return sorted(by_model, key=lambda g: g.day.toordinal() if g.day else 0, reverse=True)[:limit]

    async def margins(
        self,
        wanted: UsageFilter,
        *,
        by: Collection[MarginGrouping],
        credit_usd_micros: int,
        limit: int,
    ) -> Sequence[Margin]:
        groups: dict[tuple[Any, ...], list[tuple[Attempt, AttemptUsage]]] = {}
        for attempt in self._tables.attempts.values():
            usage = usage_of(attempt, self._tables.generations[attempt.generation_id])
            told = {
                MarginGrouping.DAY: usage.started_at.astimezone(UTC).date(),
                MarginGrouping.MODEL: usage.model_id,
                MarginGrouping.PROVIDER: usage.provider,
                MarginGrouping.JOB: usage.generation_id,
            }
            if wanted.admits(usage):
                key = tuple(told[each] if each in by else None for each in MarginGrouping)
                groups.setdefault(key, []).append((attempt, usage))
        summed = [_margin(key, tries, credit_usd_micros) for key, tries in groups.items()]
        worst = sorted(summed, key=lambda m: (m.usd_micros, m.model_id, m.provider, m.generation_id))
        return sorted(worst, key=lambda m: m.day.toordinal() if m.day else 0, reverse=True)[:limit]

    async def counts(self, *, since: datetime, newest: int) -> Sequence[RunCount]:
        ended = [
            (each.finished_at, each)
            for each in self._tables.attempts.values()
            if each.finished_at is not None and each.finished_at >= since
            if each.outcome in TELLING and each.reason not in NOT_TELLING
        ]
        groups: dict[tuple[ModelId, str], list[tuple[Outcome, float]]] = {}
        for at, attempt in sorted(ended, key=itemgetter(0), reverse=True)[:newest]:
            model_id = self._tables.generations[attempt.generation_id].model_id
            lasted_s = (at - attempt.started_at).total_seconds()
            for key in ((model_id, ""), (model_id, attempt.provider)):
                groups.setdefault(key, []).append((attempt.outcome, lasted_s))
        return [_counted(*key, groups[key]) for key in sorted(groups)]

    def _tries(self, account_id: AccountId, wanted: UsageFilter) -> list[AttemptUsage]:
        own = [
            usage_of(attempt, self._tables.generations[attempt.generation_id])
            for attempt in self._tables.attempts.values()
            if attempt.account_id == account_id and self._account in (None, account_id)
        ]
        return sorted(
            (each for each in own if wanted.admits(each)), key=lambda each: each.attempt_id, reverse=True
        )


def _counted(model_id: ModelId, provider: str, tries: Sequence[tuple[Outcome, float]]) -> RunCount:
    lasted_s = [each_s for outcome, each_s in tries if outcome is Outcome.SUCCEEDED]
    return RunCount(
        model_id=model_id,
        provider=provider or None,
        runs=len(tries),
        succeeded=len(lasted_s),
        median_duration_s=median(lasted_s) if lasted_s else None,
    )


def _margin(
    key: tuple[Any, ...], tries: Sequence[tuple[Attempt, AttemptUsage]], credit_usd_micros: int
) -> Margin:
    day, model_id, provider, generation_id = key
    charged = sum(usage.credits for _, usage in tries)
    return Margin(
        day=day,
        model_id=model_id,
        provider=provider,
        generation_id=generation_id,
        attempts=len(tries),
        credits=charged,
        revenue_usd_micros=charged * credit_usd_micros,
        cost_usd_micros=sum(attempt.cost.usd_micros for attempt, _ in tries if attempt.cost),
        unknown_costs=sum(
            attempt.cost is None and attempt.run_id is not None and attempt.outcome is not Outcome.RUNNING
            for attempt, _ in tries
        ),
    )
