"""The ledger's proof: invariants counted over the whole database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class InvariantResult:
    """One invariant: how many things were checked, how many broke it, and the first few of those."""

    invariant: str
    description: str
    checked: int
    violations: int
    examples: tuple[str, ...] = ()


class Invariants(Protocol):
    """Checks every invariant on one consistent snapshot, with little memory."""

    def check(self) -> AsyncIterator[InvariantResult]:
        """Yield one result an invariant."""
