"""GetStatement over gRPC."""

from collections.abc import AsyncIterator

from tintype.ledger.v1 import ledger_pb2 as pb

from ledger.adapters.messages import moment_of, timestamp
from ledger.application.read_statement import ReadStatement, ReadStatementHandler, StatementPart
from ledger.domain.entry import Entry
from ledger.domain.identifiers import AccountId
from ledger.ports.statements import StatementClosing, StatementOpening


async def get_statement(
    read_statement: ReadStatementHandler, request: pb.GetStatementRequest
) -> AsyncIterator[pb.GetStatementResponse]:
    """Stream a statement as messages."""
    wanted = ReadStatement(
        account_id=AccountId(request.account_id),
        since=moment_of(request, "from"),
        until=moment_of(request, "to"),
    )
    async for part in read_statement(wanted):
        yield _message(part)


def _message(part: StatementPart) -> pb.GetStatementResponse:
    if isinstance(part, StatementOpening):
        return pb.GetStatementResponse(opening=_opening(part))
    if isinstance(part, StatementClosing):
        return pb.GetStatementResponse(closing=_closing(part))
    return pb.GetStatementResponse(line=_line(part.entry, part.hash))


def _opening(opening: StatementOpening) -> pb.StatementOpening:
    message = pb.StatementOpening(
        account_id=opening.account_id,
        to=timestamp(opening.until),
        available=opening.available,
        held=opening.held,
        debt=opening.debt,
        sequence=opening.sequence,
        hash=_hex(opening.hash),
    )
    if (since := timestamp(opening.since)) is not None:
        getattr(message, "from").CopyFrom(since)
    return message


def _closing(closing: StatementClosing) -> pb.StatementClosing:
    return pb.StatementClosing(
        available=closing.available,
        held=closing.held,
        debt=closing.debt,
        sequence=closing.sequence,
        hash=_hex(closing.hash),
        lines=closing.lines,
        unsealed=closing.unsealed,
    )


def _line(entry: Entry, made: bytes | None) -> pb.JournalLine:
    return pb.JournalLine(
        entry_id=entry.entry_id,
        transaction_id=entry.transaction_id,
        sequence=entry.sequence,
        kind=entry.kind.value,
        category=entry.category.value,
        **entry.movement._asdict(),
        balance_after=entry.balance_after,
        held_after=entry.held_after,
        request_id=entry.request_id or "",
        grant_id=entry.grant_id or "",
        reservation_id=entry.reservation_id or "",
        reference=entry.reference or "",
        payment_id=entry.payment_id or "",
        actor=entry.actor or "",
        reason=entry.reason or "",
        metadata=dict(entry.metadata),
        created_at=timestamp(entry.created_at),
        hash=_hex(made),
    )


def _hex(value: bytes | None) -> str:
    return value.hex() if value else ""
