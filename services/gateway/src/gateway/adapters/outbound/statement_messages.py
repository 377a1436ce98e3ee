"""The ledger's statement messages as our own objects."""

from tintype.ledger.v1 import ledger_pb2 as pb

from gateway.adapters.outbound.reader import reader
from gateway.domain.identifiers import AccountId
from gateway.domain.statement import StatementClosing, StatementLine, StatementOpening, StatementPart

_opening = reader(pb.StatementOpening, StatementOpening, names={"since": "from", "until": "to"})
_line = reader(pb.JournalLine, StatementLine, elsewhere=("account_id",))
_closing = reader(pb.StatementClosing, StatementClosing)


def part(message: pb.GetStatementResponse, account_id: AccountId) -> StatementPart:
    """Return an opening, a line or a closing."""
    which = message.WhichOneof("part")
    if which == "line":
        return _line(message.line, account_id=account_id)
    return _opening(message.opening) if which == "opening" else _closing(message.closing)
