"""Verifying: every result is told and measured as it comes. What invariants ask of a database: adapters."""

from collections.abc import AsyncIterator

from ledger.application.verify_ledger import VerifyLedgerHandler
from ledger.ports.invariants import InvariantResult
from ledger.ports.meter import NoMeter

HOLDS = InvariantResult(invariant="lots_add_up", description="d", checked=7, violations=0)
BROKEN = InvariantResult(
    invariant="debt_is_owed", description="d", checked=3, violations=2, examples=("usr_a", "usr_b")
)


class Found:
    """Implements Invariants: results that a test sets."""

    def __init__(self, *results: InvariantResult) -> None:
        self._results = results

    async def check(self) -> AsyncIterator[InvariantResult]:
        """Yield them."""
        for result in self._results:
            yield result


class Told(NoMeter):
    """Keeps what it is told about verifying."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def verified(self, invariant: str, *, checked: int, violations: int) -> None:
        """Keep it."""
        self.heard.append((invariant, checked, violations))

    def verification_finished(self) -> None:
        """Keep it."""
        self.heard.append("finished")


async def test_each_result_is_measured_before_it_is_told() -> None:
    """What holds, too; the end is told once all were yielded."""
    meter = Told()
    results = VerifyLedgerHandler(Found(HOLDS, BROKEN), meter)()
    assert await anext(results) == HOLDS
    assert meter.heard == [("lots_add_up", 7, 0)]
    assert [result async for result in results] == [BROKEN]
    assert meter.heard == [("lots_add_up", 7, 0), ("debt_is_owed", 3, 2), "finished"]


async def test_what_does_not_hold_is_told_alone() -> None:
    """Everything is checked and measured all the same."""
    meter = Told()
    assert await VerifyLedgerHandler(Found(HOLDS, BROKEN, HOLDS), meter).broken() == [BROKEN]
    assert meter.heard == [("lots_add_up", 7, 0), ("debt_is_owed", 3, 2), ("lots_add_up", 7, 0), "finished"]
    assert await VerifyLedgerHandler(Found(), meter).broken() == []
