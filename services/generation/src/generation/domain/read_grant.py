"""What lets whoever has it read one output that is kept inline."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.identifiers import AccountId, OutputId


@dataclass(frozen=True, kw_only=True)
class ReadGrant:
    """One output of one account, until a moment."""

    account_id: AccountId
    output_id: OutputId
    expires_at: datetime
