"""The ledger's statement messages as our own objects."""

from chassis.timestamps import moment, to_datetime
from tintype.ledger.v1 import ledger_pb2 as pb

from gateway.domain.statement import StatementClosing, StatementLine, StatementOpening, StatementPart

_COPIED = (
    "entry_id", "transaction_id", "sequence", "kind", "category", "available", "held", "world", "revenue",
    "breakage", "debt", "adjustment", "balance_after", "held_after", "request_id", "grant_id",
    "reservation_id", "reference", "payment_id", "actor", "reason", "hash",
)  # fmt: skip


def part(message: pb.GetStatementResponse, account_id: str) -> StatementPart:
    """An opening, a line or a closing."""
    which = message.WhichOneof("part")
    if which == "line":
        return _line(message.line, account_id)
    return _opening(message.opening) if which == "opening" else _closing(message.closing)


def _opening(message: pb.StatementOpening) -> StatementOpening:
    return StatementOpening(
        account_id=message.account_id,
        since=moment(message, "from"),
        until=moment(message, "to"),
        available=message.available,
        held=message.held,
        debt=message.debt,
        sequence=message.sequence,
        hash=message.hash,
    )


def _line(message: pb.JournalLine, account_id: str) -> StatementLine:
    return StatementLine(
        account_id=account_id,
        metadata=dict(message.metadata),
        created_at=to_datetime(message.created_at),
        **{name: getattr(message, name) for name in _COPIED},
    )


def _closing(message: pb.StatementClosing) -> StatementClosing:
    return StatementClosing(
        available=message.available,
        held=message.held,
        debt=message.debt,
        sequence=message.sequence,
        hash=message.hash,
        lines=message.lines,
        unsealed=message.unsealed,
    )
