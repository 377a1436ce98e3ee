"""The part of GenerationService that is about what is left once providers are paid."""

from typing import Any

from tintype.generation.v1 import generation_pb2 as pb
from tintype.identity.v1.identity_pb2 import ROLE_ADMIN, ROLE_SUPPORT
from tintype.identity.v1.principal_pb2 import Principal

from generation.adapters.inbound.listing import span
from generation.application.read_margin import ReadMargin, ReadMarginHandler
from generation.domain.errors import InvalidInput, NotStaff, Violation
from generation.domain.margin import Margin, MarginGrouping
from generation.domain.usage import UsageFilter

# A job is a user's own.
_OFFERED = frozenset(MarginGrouping) - {MarginGrouping.JOB}


class MarginAnswers:
    """Answers the one call; refusals rise as domain errors."""

    _margin: ReadMarginHandler

    async def GroupMargins(self, request: pb.GroupMarginsRequest, context: Any) -> pb.GroupMarginsResponse:
        """See the contract."""
        require_staff(request.principal)
        if unknown := sorted(set(request.group_by) - _OFFERED):
            raise InvalidInput([Violation("group_by", f"there is no {unknown[0][:32]!r}")])
        since, until = span(request, "started_from", "started_before")
        margins = await self._margin(
            ReadMargin(
                wanted=UsageFilter(started_from=since, started_before=until),
                by={MarginGrouping(word) for word in request.group_by},
            )
        )
        return pb.GroupMarginsResponse(margins=[_message(margin) for margin in margins])


def require_staff(principal: Principal) -> None:
    """Raise NotStaff for anybody without a role, whatever the caller let pass."""
    if principal.role not in (ROLE_ADMIN, ROLE_SUPPORT):
        raise NotStaff


def _message(margin: Margin) -> pb.Margin:
    return pb.Margin(
        day=margin.day.isoformat() if margin.day else "",
        model_id=margin.model_id or "",
        provider=margin.provider or "",
        attempts=margin.attempts,
        credits=margin.credits,
        revenue_usd_micros=margin.revenue_usd_micros,
        cost_usd_micros=margin.cost_usd_micros,
        unknown_costs=margin.unknown_costs,
    )
