"""Use case: prove the books, on demand and again and again."""

from collections.abc import AsyncIterator

from ledger.ports.invariants import InvariantResult, Invariants
from ledger.ports.meter import Meter


class VerifyLedgerHandler:
    """Checks every invariant and measures what it finds, whoever asks."""

    def __init__(self, invariants: Invariants, meter: Meter) -> None:
        self._invariants = invariants
        self._meter = meter

    async def handle(self) -> AsyncIterator[InvariantResult]:
        """Yield one result an invariant, as soon as it is known."""
        async for result in self._invariants.check():
            self._meter.verified(result.invariant, checked=result.checked, violations=result.violations)
            yield result
        self._meter.verification_finished()

    async def broken(self) -> list[InvariantResult]:
        """Check everything and return only what does not hold."""
        return [result async for result in self.handle() if result.violations]
