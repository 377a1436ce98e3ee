"""Seals: hashes that were made together, chained as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.domain.chain import GENESIS, Head, JournalLine, next_hash, seal_hash
from ledger.domain.identifiers import AccountId


@dataclass(kw_only=True)
class ChainGrowth:
    """What is added to one account's chain; `first_sequence` is where it begins."""

    account_id: AccountId
    head: Head
    first_sequence: int
    hashes: list[bytes] = field(default_factory=list)

    def add(self, line: JournalLine) -> None:
        """Seal the next line. Raises ValueError for any other: a chain has no gaps."""
        if line["sequence"] != self.head.sequence + 1:
            raise ValueError(f"{self.account_id}: {line['sequence']} does not follow {self.head.sequence}")
        self.head = Head(self.head.sequence + 1, next_hash(self.head.hash, line))
        self.hashes.append(self.head.hash)


@dataclass(frozen=True, kw_only=True)
class Seal:
    """One link of the chain of the whole journal; `seal_id` is dense from 1."""

    seal_id: int = 0
    hash: bytes = GENESIS
    chains: Sequence[ChainGrowth] = ()

    @property
    def entries(self) -> int:
        """How many hashes it covers."""
        return sum(len(chain.hashes) for chain in self.chains)

    def followed_by(self, chains: Sequence[ChainGrowth]) -> "Seal":
        """Return the seal after this one."""
        ordered = sorted(chains, key=lambda chain: chain.account_id)
        return Seal(
            seal_id=self.seal_id + 1,
            hash=seal_hash(self.hash, ((chain.account_id, chain.head) for chain in ordered)),
            chains=ordered,
        )
