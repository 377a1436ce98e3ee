"""Sealing round by round over a journal in memory: what is stored, when it ends. Over PostgreSQL: ports/."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.application.seal_journal import Sealed, SealJournalHandler
from ledger.domain.chain import GENESIS, Head, JournalLine, journal_line, next_hash, seal_hash
from ledger.domain.identifiers import AccountId
from ledger.domain.seal import Seal
from support import LedgerUnderTest

A, B = "usr_a", "usr_b"


class MemoryRounds:
    """Implements JournalSealing and SealingRound over a ledger in memory, a few entries a round."""

    def __init__(self, ledger: MemoryLedger, *, round_entries: int) -> None:
        self._ledger = ledger
        self._round_entries = round_entries
        self._sealed = 0
        self.heads: dict[AccountId, Head] = {}
        self.seals: list[Seal] = []
        self.finished: list[Seal | None] = []
        self.is_anothers_turn = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["MemoryRounds | None"]:
        """See JournalSealing."""
        yield None if self.is_anothers_turn else self

    @property
    def previous(self) -> Seal:
        """See SealingRound."""
        return self.seals[-1] if self.seals else Seal()

    async def unsealed(self) -> AsyncIterator[tuple[AccountId, Head, JournalLine]]:
        """See SealingRound."""
        waiting = self._ledger.entries[self._sealed : self._sealed + self._round_entries]
        for entry in sorted(waiting, key=lambda entry: (entry.account_id, entry.sequence)):
            yield entry.account_id, self.heads.get(entry.account_id, Head()), journal_line(entry)

    async def finish(self, seal: Seal | None) -> bool:
        """See SealingRound."""
        self.finished.append(seal)
        if seal is not None:
            self.seals.append(seal)
            self.heads |= {chain.account_id: chain.head for chain in seal.chains}
            self._sealed += seal.entries
        return self._sealed < len(self._ledger.entries)


@pytest.fixture
def store() -> MemoryLedger:
    """A journal."""
    return MemoryLedger()


async def grow(store: MemoryLedger, *accounts: str) -> None:
    """Append an entry to each of these, in this order."""
    ledger = LedgerUnderTest.over_memory(store)
    for account_id in accounts:
        await ledger.give(account_id, 1)


def hashes(store: MemoryLedger, account_id: str) -> list[bytes]:
    """The chain of an account, made anew."""
    made = [GENESIS]
    for entry in store.entries:
        if entry.account_id == account_id:
            made.append(next_hash(made[-1], journal_line(entry)))
    return made[1:]


async def test_every_entry_is_sealed_once_in_chains_that_go_on(store: MemoryLedger) -> None:
    """Three of them a round; each seal covers the one before, each chain begins where it ended."""
    rounds = MemoryRounds(store, round_entries=3)
    await grow(store, B, A, B, A, B)
    seal_journal = SealJournalHandler(rounds)
    assert await seal_journal() == Sealed(entries=5, seals=2)
    first, second = rounds.seals
    assert (first.seal_id, first.entries, second.seal_id, second.entries) == (1, 3, 2, 2)
    in_a, in_b = hashes(store, A), hashes(store, B)
    assert [(chain.account_id, chain.first_sequence, chain.hashes) for chain in first.chains] == [
        (A, 1, in_a[:1]),
        (B, 1, in_b[:2]),
    ]
    assert [(chain.account_id, chain.first_sequence, chain.hashes) for chain in second.chains] == [
        (A, 2, in_a[1:]),
        (B, 3, in_b[2:]),
    ]
    assert first.hash == seal_hash(GENESIS, [(A, Head(1, in_a[0])), (B, Head(2, in_b[1]))])
    assert second.hash == seal_hash(first.hash, [(A, Head(2, in_a[1])), (B, Head(3, in_b[2]))])
    await grow(store, A)
    assert await seal_journal() == Sealed(entries=1, seals=1)
    assert rounds.heads[A] == Head(3, hashes(store, A)[-1])


async def test_where_nothing_waits_nothing_is_stored(store: MemoryLedger) -> None:
    """One round finds that out, and is finished without a seal."""
    rounds = MemoryRounds(store, round_entries=3)
    sealed = await SealJournalHandler(rounds)()
    assert (sealed.entries, sealed.seals, rounds.finished) == (0, 0, [None])


async def test_while_another_replica_seals_nothing_is_done(store: MemoryLedger) -> None:
    """Its turn comes afterwards."""
    rounds = MemoryRounds(store, round_entries=3)
    await grow(store, A)
    rounds.is_anothers_turn = True
    sealed = await SealJournalHandler(rounds)()
    assert (sealed.entries, sealed.seals, rounds.finished) == (0, 0, [])
    rounds.is_anothers_turn = False
    assert await SealJournalHandler(rounds)() == Sealed(entries=1, seals=1)


async def test_one_call_ends_after_a_hundred_rounds(store: MemoryLedger) -> None:
    """Whatever comes in meanwhile; the next one goes on."""
    rounds = MemoryRounds(store, round_entries=1)
    await grow(store, *[A] * 101)
    seal_journal = SealJournalHandler(rounds)
    assert await seal_journal() == Sealed(entries=100, seals=100)
    assert await seal_journal() == Sealed(entries=1, seals=1)
    assert len(rounds.finished) == 101
