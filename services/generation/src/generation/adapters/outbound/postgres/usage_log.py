"""What tries came to, in PostgreSQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, any_, case, cast, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.tables import attempts, generations
from generation.domain.attempt import Outcome
from generation.domain.identifiers import AccountId, AttemptId
from generation.domain.margin import Margin, MarginGrouping
from generation.domain.model_statistics import NOT_TELLING, TELLING, RunCount
from generation.domain.usage import NO_KEY, AttemptUsage, Grouping, UsageFilter, UsageGroup

_CREDITS = case((attempts.c.outcome == Outcome.SUCCEEDED, generations.c.credits_charged), else_=0)
_GROUPED: Mapping[Grouping, ColumnElement[Any]] = {
    Grouping.DAY: cast(func.timezone("UTC", attempts.c.started_at), Date).label("day"),
    Grouping.MODEL: generations.c.model_id,
    Grouping.KEY: generations.c.api_key_id,
}
_MARGINS: Mapping[MarginGrouping, ColumnElement[Any]] = {
    MarginGrouping.DAY: _GROUPED[Grouping.DAY],
    MarginGrouping.MODEL: generations.c.model_id,
    MarginGrouping.PROVIDER: attempts.c.provider,
    MarginGrouping.JOB: attempts.c.generation_id,
}
_JOINED = attempts.join(generations, attempts.c.generation_id == generations.c.generation_id)
# Before it has a run, nothing was bought.
_COSTS_UNKNOWN = and_(
    attempts.c.cost_source.is_(None),
    attempts.c.run_id.is_not(None),
    attempts.c.outcome != Outcome.RUNNING,
)


class PostgresUsageLog:
    """A join of tries with their jobs; nothing is kept for it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(
        self, account_id: AccountId, *, wanted: UsageFilter, before: AttemptId | None, limit: int
    ) -> Sequence[AttemptUsage]:
        query = _tries(account_id, wanted).with_only_columns(
            attempts.c.attempt_id,
            attempts.c.generation_id,
            generations.c.model_id,
            attempts.c.provider,
            attempts.c.outcome,
            attempts.c.reason,
            attempts.c.started_at,
            attempts.c.finished_at,
            attempts.c.output_count,
            attempts.c.tokens,
            _CREDITS.label("credits"),
            generations.c.api_key_id,
            generations.c.api_key_name,
        )
        if before is not None:
            query = query.where(attempts.c.attempt_id < before)
        # As a page of the library is: by the account's own index, and through nobody else's newer tries.
        ordered = query.order_by(attempts.c.account_id.desc(), attempts.c.attempt_id.desc())
        rows = await self._connection.execute(ordered.limit(limit))
        return [AttemptUsage(**{**dict(row._mapping), "outcome": Outcome(row.outcome)}) for row in rows]

    async def grouped(
        self, account_id: AccountId, *, wanted: UsageFilter, by: Collection[Grouping], limit: int
    ) -> Sequence[UsageGroup]:
        keys = [_GROUPED[grouping] for grouping in Grouping if grouping in by]
        query = _tries(account_id, wanted).with_only_columns(
            *keys,
            func.count().label("attempts"),
            func.coalesce(func.sum(attempts.c.output_count), 0).label("output_count"),
            func.coalesce(func.sum(attempts.c.tokens), 0).label("tokens"),
            func.coalesce(func.sum(_CREDITS), 0).label("credits"),
            func.max(generations.c.api_key_name).label("api_key_name"),
        )
        query = query.group_by(*keys).having(func.count() > 0).limit(limit)
        ordered = [key.desc() if key.name == "day" else key for key in keys]
        rows = await self._connection.execute(query.order_by(*ordered))
        return [_group(row._mapping, by) for row in rows]

    async def margins(
        self,
        wanted: UsageFilter,
        *,
        by: Collection[MarginGrouping],
        credit_usd_micros: int,
        limit: int,
    ) -> Sequence[Margin]:
        keys = [_MARGINS[grouping] for grouping in MarginGrouping if grouping in by]
        revenue = func.coalesce(func.sum(_CREDITS), 0) * credit_usd_micros
        cost = func.coalesce(func.sum(attempts.c.cost_usd_micros), 0)
        query = (
            select(
                *keys,
                func.count().label("attempts"),
                func.coalesce(func.sum(_CREDITS), 0).label("credits"),
                revenue.label("revenue_usd_micros"),
                cost.label("cost_usd_micros"),
                func.count().filter(_COSTS_UNKNOWN).label("unknown_costs"),
            )
            .select_from(_JOINED)
            .where(*_conditions(wanted))
            .group_by(*keys)
            .having(func.count() > 0)
            .order_by(*(key.desc() for key in keys if key.name == "day"), revenue - cost, *keys)
            .limit(limit)
        )
        rows = await self._connection.execute(query)
        sums = ("attempts", "credits", "revenue_usd_micros", "cost_usd_micros", "unknown_costs")
        return [
            Margin(**{**dict(row._mapping), **{name: int(row._mapping[name]) for name in sums}})
            for row in rows
        ]

    async def counts(self, *, since: datetime, newest: int) -> Sequence[RunCount]:
        recent = (
            select(
                attempts.c.generation_id,
                attempts.c.provider,
                attempts.c.outcome,
                func.extract("epoch", attempts.c.finished_at - attempts.c.started_at).label("lasted_s"),
            )
            .where(
                attempts.c.finished_at >= since,
                attempts.c.outcome.in_(sorted(TELLING)),
                or_(attempts.c.reason.is_(None), attempts.c.reason.not_in(sorted(NOT_TELLING))),
            )
            .order_by(attempts.c.finished_at.desc())
            .limit(newest)
            .subquery("recent")
        )
        good = recent.c.outcome == Outcome.SUCCEEDED
        query = (
            select(
                generations.c.model_id,
                recent.c.provider,
                func.count().label("runs"),
                func.count().filter(good).label("succeeded"),
                func.percentile_cont(0.5)
                .within_group(recent.c.lasted_s.asc())
                .filter(good)
                .label("median_duration_s"),
            )
            .select_from(recent.join(generations, recent.c.generation_id == generations.c.generation_id))
            .group_by(
                func.grouping_sets(
                    tuple_(generations.c.model_id, recent.c.provider), tuple_(generations.c.model_id)
                )
            )
            .order_by(generations.c.model_id, recent.c.provider.nulls_first())
        )
        return [RunCount(**row._mapping) for row in await self._connection.execute(query)]


def _tries(account_id: AccountId, wanted: UsageFilter) -> Select[Any]:
    query = select(attempts.c.attempt_id).select_from(_JOINED)
    return query.where(attempts.c.account_id == any_(array([account_id])), *_conditions(wanted))


def _conditions(wanted: UsageFilter) -> Iterator[ColumnElement[bool]]:
    """Yield what `UsageFilter.admits` says, in SQL."""
    if wanted.model_id is not None:
        yield generations.c.model_id == wanted.model_id
    if wanted.provider is not None:
        yield attempts.c.provider == wanted.provider
    if wanted.outcomes:
        # In one order, so that a statement is prepared once.
        yield attempts.c.outcome.in_(sorted(wanted.outcomes))
    if wanted.started_from is not None:
        yield attempts.c.started_at >= wanted.started_from
    if wanted.started_before is not None:
        yield attempts.c.started_at < wanted.started_before
    if wanted.api_key_id == NO_KEY:
        yield generations.c.api_key_id.is_(None)
    elif wanted.api_key_id is not None:
        yield generations.c.api_key_id == wanted.api_key_id


def _group(told: Mapping[Any, Any], by: Collection[Grouping]) -> UsageGroup:
    return UsageGroup(
        day=told.get("day"),
        model_id=told.get("model_id"),
        api_key_id=(told["api_key_id"] or NO_KEY) if Grouping.KEY in by else None,
        api_key_name=told["api_key_name"] if Grouping.KEY in by else None,
        attempts=told["attempts"],
        output_count=int(told["output_count"]),
        tokens=int(told["tokens"]),
        credits=int(told["credits"]),
    )
