"""What the sealer needs of the journal: rounds, one at a time among all replicas."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ledger.domain.chain import Head, JournalLine
from ledger.domain.identifiers import AccountId
from ledger.domain.seal import Seal


class SealingRound(Protocol):
    """One transaction that seals a bounded part of what waits. Without `finish` nothing is stored."""

    @property
    def previous(self) -> Seal:
        """The last seal, without its chains; an empty one with `seal_id` 0 before the first."""

    def unsealed(self) -> AsyncIterator[tuple[AccountId, Head, JournalLine]]:
        """Stream what waits: account, where its chain ends, line; by account, then by sequence.

        Only committed entries, each at most once over all rounds. Whatever commits later, however long
        its transaction ran, comes in a later round.
        """

    async def finish(self, seal: Seal | None) -> bool:
        """Store a seal and its hashes, or nothing, and return whether more waits."""


class JournalSealing(Protocol):
    """Opens rounds."""

    def begin(self) -> AbstractAsyncContextManager[SealingRound | None]:
        """Open a round; None while another replica has one open."""
