"""The facts of one account as they happen."""

from collections.abc import AsyncIterator
from typing import Protocol

from gateway.domain.event import Cursor, Delivery


class EventFeed(Protocol):
    """Follows the streams of the ledger, of generation and of billing."""

    def follow(self, account_id: str, after: Cursor | None) -> AsyncIterator[Delivery]:
        """Deliver this account's facts after a cursor, or from now on, each once and in stream order.

        Begins with a delivery without a fact that says where it starts, and repeats such deliveries when
        nothing happens for a while. Ends when the reader is too slow or the feed is interrupted: the
        reader comes back with its last cursor. Raises Unavailable when the streams can't be read.
        """
        ...
