"""Balance and statement."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.entry import Entry, EntryPage
from gateway.adapters.inbound.rest.csv_answer import csv_lines, csv_of, prefers_csv
from gateway.adapters.inbound.rest.parameters import Format, Paging, Since, Until, paging
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.domain import credits as domain
from gateway.domain.credits import EntryFilter, EntryKind
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["credits"], route_class=PlacedRoute)

COLUMNS = (
    "created_at", "kind", "amount", "settled", "category", "balance_after", "held_after",
    "generation_id", "payment_id", "reason", "id", "sequence",
)  # fmt: skip


UNAVAILABLE: Reasons = {503: ("LEDGER_UNAVAILABLE",)}


@router.get("/balance", dependencies=[per_user(Limit.READS)], responses=refuses(UNAVAILABLE))
async def read_balance(principal: CurrentPrincipal, deps: CurrentDeps) -> Balance:
    """Read what can be spent and what is held."""
    return Balance.of(await deps.ledger.balance(principal.user_id))


@router.get(
    "/ledger/entries",
    dependencies=[per_user(Limit.READS)],
    response_model=EntryPage,
    responses={**refuses(UNAVAILABLE), 200: csv_of(COLUMNS)},
)
async def list_entries(
    request: Request,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    kind: Annotated[
        list[EntryKind] | None, Query(max_length=len(EntryKind), description="Only these; all without.")
    ] = None,
    since: Since = None,
    until: Until = None,
    media: Format = None,
) -> Response | EntryPage:
    """List the statement, newest first; as CSV, all of it at once."""
    which = EntryFilter(kinds=tuple(kind or ()), since=since, until=until)
    wants_csv = media == "csv" or (media is None and prefers_csv(request.headers.get("accept", "")))
    if not wants_csv:
        page = await deps.ledger.entries(principal.user_id, which, cursor=part.cursor, limit=part.limit)
        return EntryPage.of(page, Entry.of)
    pages = deps.export_statement(principal.user_id, which)
    # The first part before the answer begins: a refusal can still become a problem.
    first = await anext(pages)
    return StreamingResponse(
        _csv(first, pages),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tintype-statement.csv"'},
    )


async def _csv(first: Sequence[domain.Entry], rest: AsyncIterator[list[domain.Entry]]) -> AsyncIterator[str]:
    yield csv_lines([COLUMNS])
    yield csv_lines([_row(entry) for entry in first])
    async for page in rest:
        yield csv_lines([_row(entry) for entry in page])


def _row(entry: domain.Entry) -> list[Any]:
    shown = Entry.of(entry).model_dump(mode="json")
    return [shown[column] for column in COLUMNS]
