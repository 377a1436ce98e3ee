"""The facts of one account as they happen."""

from collections.abc import AsyncIterator
from typing import Protocol

from gateway.domain.event import Cursor, Delivery
from gateway.domain.identifiers import AccountId


class EventFeed(Protocol):
    """Follows the streams of the ledger, of generation and of billing."""

    def follow(self, account_id: AccountId, after: Cursor | None) -> AsyncIterator[Delivery]:
        """Deliver this account's facts after a cursor, or from now on, those of a stream in its order.

        After a `Position` each comes once; after a `Place` those of the other streams that the client may
        have been told before it come too, marked `maybe_seen`. What is missed comes by the time at which it
        was stored, and ends with a delivery without a fact.

        Begins with a delivery without a fact that says where it starts, `is_fresh` when the cursor can't be
        followed, and repeats such deliveries when nothing happens for a while. Ends when the reader is too
        slow or the feed is interrupted: the reader comes back with its last cursor. Raises Unavailable when
        the streams can't be read.
        """
        ...
