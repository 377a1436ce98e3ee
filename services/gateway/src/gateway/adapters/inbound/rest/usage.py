"""What generations came to, one row a try with a provider, or put together."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers.usage import Usage, UsageGroup, UsageGroups, UsageList, UsagePage
from gateway.adapters.inbound.rest.csv_answer import csv_lines, csv_of, prefers_csv
from gateway.adapters.inbound.rest.library_filter import ModelWanted
from gateway.adapters.inbound.rest.parameters import Format, Paging, Since, Until, paging
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.domain import usage as domain
from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.identifiers import ApiKeyId, ModelId
from gateway.domain.usage import AttemptOutcome, UsageFilter, UsageGrouping
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["usage"], route_class=PlacedRoute)

COLUMNS = tuple(Usage.model_fields)
GROUP_COLUMNS = tuple(UsageGroup.model_fields)
# A key's id, or the word for none.
KEY_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
_AWAY: Reasons = {503: ("STORAGE_UNAVAILABLE",)}


async def usage_filter(
    model: ModelWanted = None,
    provider: Annotated[
        str | None,
        Query(min_length=1, max_length=32, description="Only of this provider.", examples=["local"]),
    ] = None,
    outcome: Annotated[
        list[AttemptOutcome] | None,
        Query(max_length=len(AttemptOutcome), description="Only what ended so; all without."),
    ] = None,
    key: Annotated[
        str | None,
        Query(
            pattern=KEY_PATTERN,
            description="Only of jobs asked for with this API key, revoked ones too; `none`: signed in.",
            examples=["key_019324a1b2c37def8a9b0c1d2e3f4a62"],
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
) -> UsageFilter:
    """Return what is meant. Raises InvalidRequest."""
    if since and until and since >= until:
        detail = "must be later than from"
        raise InvalidRequest(f"to: {detail}", fields=[FieldProblem("to", detail)])
    return UsageFilter(
        model_id=ModelId(model) if model else None,
        provider=provider,
        outcomes=tuple(outcome or ()),
        started_from=since,
        started_before=until,
        api_key_id=ApiKeyId(key) if key else None,
    )


@router.get(
    "/usage",
    dependencies=[per_user(Limit.READS)],
    response_model=UsageList,
    responses={**refuses(_AWAY), 200: csv_of(COLUMNS, grouped=GROUP_COLUMNS)},
)
async def list_usage(
    request: Request,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    wanted: Annotated[UsageFilter, Depends(usage_filter)],
    group_by: Annotated[
        list[UsageGrouping] | None,
        Query(max_length=len(UsageGrouping), description="Put tries together, by one or more of these."),
    ] = None,
    media: Format = None,
) -> Response | UsageList:
    """List tries, newest first, those of deleted generations too; as CSV, all of them at once.

    Put together, all groups come at once, at most 5,000. `from` and `to` are about when a try began. What
    was given back by a person afterwards is in the ledger's entries alone.
    """
    wants_csv = media == "csv" or (media is None and prefers_csv(request.headers.get("accept", "")))
    if group_by:
        groups = await deps.usage_log.grouped(principal.user_id, wanted, by=set(group_by))
        if wants_csv:
            return _table(_grouped(groups))
        return UsageList(UsageGroups.of(groups, UsageGroup.of))
    if not wants_csv:
        page = await deps.usage_log.tries(principal.user_id, wanted, cursor=part.cursor, limit=part.limit)
        return UsageList(UsagePage.of(page, Usage.of))
    pages = deps.export_usage(principal.user_id, wanted)
    # The first part before the answer begins: a refusal can still become a problem.
    return _table(_csv(await anext(pages), pages))


def _table(lines: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tintype-usage.csv"'},
    )


async def _csv(
    first: Sequence[domain.AttemptUsage], rest: AsyncIterator[Sequence[domain.AttemptUsage]]
) -> AsyncIterator[str]:
    yield csv_lines([COLUMNS])
    yield csv_lines([_row(Usage.of(usage), COLUMNS) for usage in first])
    async for page in rest:
        yield csv_lines([_row(Usage.of(usage), COLUMNS) for usage in page])


async def _grouped(groups: Sequence[domain.UsageGroup]) -> AsyncIterator[str]:
    yield csv_lines([GROUP_COLUMNS])
    yield csv_lines([_row(UsageGroup.of(group), GROUP_COLUMNS) for group in groups])


def _row(answer: Usage | UsageGroup, columns: Sequence[str]) -> list[Any]:
    shown = answer.model_dump(mode="json")
    return [shown[column] for column in columns]
