"""What everybody's generations came to, for people with a role."""

from typing import Annotated

from fastapi import APIRouter, Query

from gateway.adapters.inbound.acting import CurrentStaff
from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers.margin import Margin, MarginList
from gateway.adapters.inbound.rest.answers.provider import Provider, ProviderList
from gateway.adapters.inbound.rest.parameters import Since, Until
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.margin import MarginGrouping
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/admin", tags=["admin"], route_class=PlacedRoute)


@router.get(
    "/usage",
    dependencies=[per_user(Limit.READS)],
    responses=refuses({422: ("INVALID_INPUT",), 503: ("STORAGE_UNAVAILABLE",)}),
)
async def list_margins(
    staff: CurrentStaff,
    deps: CurrentDeps,
    group_by: Annotated[
        list[MarginGrouping] | None,
        Query(
            max_length=len(MarginGrouping),
            description="Put tries together by these; by all of them when it is left out.",
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
) -> MarginList:
    """List what users were charged, what providers cost and what is left, by day, model and provider.

    The newest day comes first, and of a day what is left least of. `from` and `to` are about when a try
    began.
    """
    if since and until and since >= until:
        detail = "must be later than from"
        raise InvalidRequest(f"to: {detail}", fields=[FieldProblem("to", detail)])
    margins = await deps.usage_log.margins(
        staff, since=since, until=until, by=set(group_by or MarginGrouping)
    )
    return MarginList.of(margins, Margin.of)


@router.get("/providers", dependencies=[per_user(Limit.READS)], responses=refuses({}))
async def list_providers(staff: CurrentStaff, deps: CurrentDeps) -> ProviderList:
    """List the providers in use, and how each fared on the last day with each of its models.

    `pauses` say which of them workers leave alone now. A worker finds out for itself, and says so every few
    seconds; one that is gone is forgotten within fifteen.
    """
    report = await deps.usage_log.pauses(staff)
    providers = Provider.all_of(await deps.generations.models(staff.user_id), report)
    return ProviderList(data=providers, next_cursor=None, workers=report.workers)
