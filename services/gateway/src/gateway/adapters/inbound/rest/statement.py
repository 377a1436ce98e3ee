"""The whole statement with its hashes, for a person to keep: JSON or CSV, streamed."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers import statement as answers
from gateway.adapters.inbound.rest.answers.statement import sealed_moment
from gateway.adapters.inbound.rest.csv_answer import csv_of, prefers_csv
from gateway.adapters.inbound.rest.ledger import UNAVAILABLE
from gateway.adapters.inbound.rest.parameters import Format, Since, Until
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.statement import StatementClosing, StatementLine, StatementOpening, StatementPart
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["credits"], route_class=PlacedRoute)

COLUMNS = (
    "part", "account_id", "sequence", "created_at", "kind", "category", "available", "held", "balance_after",
    "held_after", "world", "revenue", "breakage", "debt", "adjustment", "reason", "actor", "reference",
    "reservation_id", "grant_id", "payment_id", "request_id", "entry_id", "transaction_id", "metadata",
    "hash",
)  # fmt: skip
# Lines that are written at once.
_CHUNK_LINES = 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


@router.get(
    "/ledger/statement",
    dependencies=[per_user(Limit.READS)],
    response_model=answers.Statement,
    responses={**refuses(UNAVAILABLE), 200: csv_of(COLUMNS)},
)
async def read_statement(
    request: Request,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    since: Since = None,
    until: Until = None,
    media: Format = None,
) -> Response:
    """Read the statement of a range, oldest first, as it is sealed: anyone can verify it offline.

    The range has its start and not its end. `tintype verify-statement FILE` verifies what comes.
    """
    parts = deps.ledger.statement(principal.user_id, since, until)
    # The opening before the answer begins: a refusal can still become a problem.
    opening = await anext(parts)
    if not isinstance(opening, StatementOpening):
        raise TypeError("a statement begins with its opening")
    as_csv = media == "csv" or (media is None and prefers_csv(request.headers.get("accept", "")))
    write, suffix, kind = (to_csv, "csv", "text/csv") if as_csv else (to_json, "json", "application/json")
    return StreamingResponse(
        write(opening, parts),
        media_type=f"{kind}; charset=utf-8" if as_csv else kind,
        headers={"Content-Disposition": f'attachment; filename="tintype-statement.{suffix}"'},
    )


async def to_json(opening: StatementOpening, rest: AsyncIterator[StatementPart]) -> AsyncIterator[str]:
    """Write one JSON object. A line without its `hash` is what was hashed, but for blanks."""
    head = {
        "format": answers.FORMAT,
        "account_id": opening.account_id,
        "from": moment(opening.since),
        "to": moment(opening.until),
        "opening": answers.StatementOpening.of(opening).model_dump(mode="json"),
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "lines": ['
    separator = "\n"

    def write_line(line: StatementLine) -> str:
        nonlocal separator
        text = separator + json.dumps(_line(line), ensure_ascii=False)
        separator = ",\n"
        return text

    async for chunk in _chunks(rest, write_line):
        if isinstance(chunk, str):
            yield chunk
        else:
            closing = answers.StatementClosing.of(chunk).model_dump(mode="json")
            yield '\n], "closing": ' + json.dumps(closing) + "}\n"


async def to_csv(opening: StatementOpening, rest: AsyncIterator[StatementPart]) -> AsyncIterator[str]:
    """Write a first row with the opening, a row a line, and a last row with the closing."""
    yield _rows([COLUMNS, _end("opening", opening, opening.account_id, opening.since)])

    def write_line(line: StatementLine) -> str:
        shown = _line(line)
        shown["metadata"] = json.dumps(shown["metadata"], ensure_ascii=False)
        return _rows([["line", *(_harmless(shown[name]) for name in COLUMNS[1:])]])

    async for chunk in _chunks(rest, write_line):
        if isinstance(chunk, str):
            yield chunk
        else:
            yield _rows([_end("closing", chunk, opening.account_id, opening.until)])


async def _chunks(
    parts: AsyncIterator[StatementPart], write: Callable[[StatementLine], str]
) -> AsyncIterator[str | StatementClosing]:
    written: list[str] = []
    async for part in parts:
        if isinstance(part, StatementLine):
            written.append(write(part))
            if len(written) < _CHUNK_LINES:
                continue
        if written:
            yield "".join(written)
            written.clear()
        if isinstance(part, StatementClosing):
            yield part


def moment(time: datetime | None) -> str | None:
    """Return a time as it is hashed, where there is one."""
    return sealed_moment(time) if time else None


def _line(line: StatementLine) -> dict[str, Any]:
    return answers.StatementLine.of(line).model_dump(mode="json")


def _end(
    part: str, end: StatementOpening | StatementClosing, account_id: str, time: datetime | None
) -> list[Any]:
    shown = {
        "part": part,
        "account_id": account_id,
        "created_at": moment(time),
        "balance_after": end.available,
        "held_after": end.held,
        "debt": end.debt,
        "sequence": end.sequence,
        "hash": end.hash,
    }
    return [shown.get(name, "") for name in COLUMNS]


def _harmless(value: Any) -> Any:
    # A spreadsheet would run a text that begins like a formula. Who verifies takes the apostrophe off.
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _rows(rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
