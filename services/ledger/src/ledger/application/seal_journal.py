"""Seal the journal: chain a hash over every entry, behind the writes."""

from dataclasses import dataclass

from ledger.domain.seal import ChainGrowth
from ledger.ports.journal_sealing import JournalSealing, SealingRound

# So that one call ends, whatever comes in meanwhile.
ROUNDS_MAX = 100


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What one call did."""

    entries: int = 0
    seals: int = 0


@dataclass(frozen=True)
class SealJournalHandler:
    """Seals what waits, a bounded part a transaction."""

    journal: JournalSealing

    async def __call__(self) -> Sealed:
        """Seal until nothing waits, for at most `ROUNDS_MAX` rounds; nothing while another replica does."""
        total = Sealed()
        for _ in range(ROUNDS_MAX):
            async with self.journal.begin() as sealing:
                if sealing is None:
                    break
                chains = await _grow(sealing)
                seal = sealing.previous.followed_by(chains) if chains else None
                more = await sealing.finish(seal)
            if seal:
                total = Sealed(entries=total.entries + seal.entries, seals=total.seals + 1)
            if not more:
                break
        return total


async def _grow(sealing: SealingRound) -> list[ChainGrowth]:
    chains: dict[str, ChainGrowth] = {}
    async for account_id, head, line in sealing.unsealed():
        if account_id not in chains:
            chains[account_id] = ChainGrowth(
                account_id=account_id, head=head, first_sequence=head.sequence + 1
            )
        chains[account_id].add(line)
    return list(chains.values())
