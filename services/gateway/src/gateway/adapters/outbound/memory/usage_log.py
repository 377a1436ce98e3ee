"""What tries came to, in memory."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from gateway.adapters.outbound.memory.generation_state import MemoryGenerationState
from gateway.domain.administration import Actor
from gateway.domain.errors import FieldProblem, Forbidden, InvalidRequest
from gateway.domain.identifiers import AccountId, ModelId
from gateway.domain.margin import Margin, MarginGrouping
from gateway.domain.page import Page
from gateway.domain.provider_pause import PauseReport
from gateway.domain.usage import NO_KEY, AttemptUsage, UsageFilter, UsageGroup, UsageGrouping
from gateway.domain.user import Role


class MemoryUsageLog:
    """Implements UsageLog on what generation in memory knows."""

    def __init__(self, generations: MemoryGenerationState) -> None:
        self._generations = generations
        self.said = PauseReport(workers=0, pauses=[])
        """What workers say of providers."""

    async def tries(
        self, account_id: AccountId, wanted: UsageFilter, *, cursor: str | None, limit: int
    ) -> Page[AttemptUsage]:
        """See UsageLog."""
        tries = self._of(account_id, wanted)
        if cursor is not None:
            place, _, mark = cursor.partition(".")
            if mark != str(hash(wanted)):
                problem = FieldProblem("cursor", "is from a list with other filters; begin without it")
                raise InvalidRequest("cursor: is from another list", fields=[problem])
            tries = [each for each in tries if each.attempt_id < place]
        shown = tries[:limit]
        following = f"{shown[-1].attempt_id}.{hash(wanted)}" if len(tries) > limit else None
        return Page(items=shown, next_cursor=following)

    async def grouped(
        self, account_id: AccountId, wanted: UsageFilter, *, by: Collection[UsageGrouping]
    ) -> Sequence[UsageGroup]:
        """See UsageLog."""
        by_day, by_model = UsageGrouping.DAY in by, UsageGrouping.MODEL in by
        by_key = UsageGrouping.KEY in by
        groups: dict[tuple[int, str, bool, str], list[AttemptUsage]] = {}
        for each in self._of(account_id, wanted):
            day = each.started_at.astimezone(UTC).date()
            key_id = (each.api_key_id or "") * by_key
            place = (-day.toordinal() * by_day, each.model_id * by_model, not key_id, key_id)
            groups.setdefault(place, []).append(each)
        return [
            UsageGroup(
                day=tries[0].started_at.astimezone(UTC).date() if by_day else None,
                model_id=tries[0].model_id if by_model else None,
                api_key_id=(tries[0].api_key_id or NO_KEY) if by_key else None,
                api_key_name=tries[0].api_key_name if by_key else None,
                attempts=len(tries),
                output_count=sum(each.output_count for each in tries),
                tokens=sum(each.tokens or 0 for each in tries),
                credits=sum(each.credits for each in tries),
            )
            for _, tries in sorted(groups.items())
        ]

    async def margins(
        self,
        actor: Actor,
        *,
        since: datetime | None,
        until: datetime | None,
        by: Collection[MarginGrouping],
    ) -> Sequence[Margin]:
        """See UsageLog. A provider costs nothing here, and nobody says so."""
        _require_staff(actor)
        groups: dict[tuple[date | None, ModelId | None, str | None], list[AttemptUsage]] = {}
        for _, tried in self._generations.tries.values():
            if (since and tried.started_at < since) or (until and tried.started_at >= until):
                continue
            day = tried.started_at.astimezone(UTC).date() if MarginGrouping.DAY in by else None
            model_id = tried.model_id if MarginGrouping.MODEL in by else None
            provider = tried.provider if MarginGrouping.PROVIDER in by else None
            groups.setdefault((day, model_id, provider), []).append(tried)
        found = [
            Margin(
                day=day,
                model_id=model_id,
                provider=provider,
                attempts=len(tries),
                credits=sum(tried.credits for tried in tries),
                revenue_usd_micros=sum(tried.credits for tried in tries) * 10_000,
                cost_usd_micros=0,
                unknown_costs=0,
            )
            for (day, model_id, provider), tries in groups.items()
        ]
        return sorted(found, key=lambda margin: (margin.day or date.min, -margin.usd_micros), reverse=True)

    async def pauses(self, actor: Actor) -> PauseReport:
        """See UsageLog."""
        _require_staff(actor)
        return self.said

    def _of(self, account_id: AccountId, wanted: UsageFilter) -> list[AttemptUsage]:
        own = [tried for owner, tried in self._generations.tries.values() if owner == account_id]
        return [each for each in reversed(own) if _admits(wanted, each)]


def _require_staff(actor: Actor) -> None:
    if actor.role not in (Role.SUPPORT, Role.ADMIN):
        raise Forbidden("Only people with a role may do that.", reason="NOT_STAFF")


def _admits(wanted: UsageFilter, usage: AttemptUsage) -> bool:
    return (
        wanted.model_id in (None, usage.model_id)
        and wanted.provider in (None, usage.provider)
        and (not wanted.outcomes or usage.outcome in wanted.outcomes)
        and (wanted.started_from is None or usage.started_at >= wanted.started_from)
        and (wanted.started_before is None or usage.started_at < wanted.started_before)
        and wanted.api_key_id in (None, usage.api_key_id or NO_KEY)
    )
