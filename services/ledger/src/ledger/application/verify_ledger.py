"""Use case: prove the books, on demand and again and again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from ledger.ports.invariants import InvariantResult, Invariants
from ledger.ports.meter import Meter


@dataclass(frozen=True)
class VerifyLedgerHandler:
    """Checks every invariant and measures what it finds, whoever asks."""

    invariants: Invariants
    meter: Meter

    async def __call__(self) -> AsyncIterator[InvariantResult]:
        """Yield one result an invariant, as soon as it is known."""
        async for result in self.invariants.check():
            self.meter.verified(result.invariant, checked=result.checked, violations=result.violations)
            yield result
        self.meter.verification_finished()

    async def broken(self) -> list[InvariantResult]:
        """Check everything and return only what does not hold."""
        return [result async for result in self() if result.violations]
