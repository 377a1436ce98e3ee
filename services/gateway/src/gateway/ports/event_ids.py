"""What clients know of a place in the streams."""

from typing import Protocol

from gateway.domain.event import Cursor
from gateway.domain.identifiers import AccountId, EventId


class EventIds(Protocol):
    """Turns cursors into ids that say nothing to anybody, and back.

    The id of a `Place` is the same at each call and in every process that has the secret; two accounts
    have different ids for it. The id of a `Position` is another at each call.
    """

    def seal(self, account_id: AccountId, cursor: Cursor) -> EventId:
        """Write a cursor for one account: at most 128 characters of URL-safe base64."""
        ...

    def open(self, account_id: AccountId, event_id: EventId) -> Cursor | None:
        """Read an id that was sealed for this account; None for any other text."""
        ...
