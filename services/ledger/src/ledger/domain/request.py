"""Requests: what was asked under an id, and how it ended. Kept for ever."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from ledger.domain.errors import KEPT_REFUSALS, KeptRefusal
from ledger.domain.identifiers import AccountId, MadeId, RequestId


class Refusal(NamedTuple):
    """A command that was refused, as it will be refused again."""

    reason: str
    message: str
    details: Mapping[str, str]

    def as_error(self) -> KeptRefusal:
        """Return the error that was raised the first time."""
        return KEPT_REFUSALS[self.reason](self.message, details=self.details)


class RecordedRequest(NamedTuple):
    """A request id with its command's fingerprint and its outcome: what it made, or why it was refused."""

    request_id: RequestId
    account_id: AccountId
    command: str
    fingerprint: str
    made_id: MadeId | None
    refusal: Refusal | None
    created_at: datetime
