"""A low balance is told once, when it is passed."""

import pytest
from command_makers import grant, reserve
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.application.command_writer import CommandWriter
from support import LedgerUnderTest

ME = "usr_me"


async def told_after(amounts: list[int], *, low_balance: int, granted: int = 100) -> list[bool]:
    """Hold these amounts one after the other, and say after which a low balance is told."""
    ledger = LedgerUnderTest.over_memory(MemoryLedger())
    writer = CommandWriter(ledger.units, ledger.clock, ledger.ids, low_balance=low_balance)
    await writer.apply(grant(ME, granted))
    told = []
    for amount in amounts:
        before = len(await ledger.outbox())
        await writer.apply(reserve(ME, amount))
        facts = (await ledger.outbox())[before:]
        told.append(any(fact.ce_type.endswith("BalanceLow") for fact in facts))
    return told


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ([50, 1, 1], [False, True, False]),
        ([49, 2], [False, True]),
        ([51, 1], [True, False]),
        ([100], [True]),
    ],
)
async def test_it_is_told_below_the_threshold_and_once(amounts: list[int], told: list[bool]) -> None:
    """At the threshold there is enough; from it, as from above, one credit less is too little."""
    assert await told_after(amounts, low_balance=50) == told


async def test_who_never_had_enough_is_told_nothing() -> None:
    """Nothing was passed."""
    assert await told_after([10], low_balance=50, granted=49) == [False]


async def test_nobody_is_told_without_a_threshold() -> None:
    """Zero is never passed."""
    assert await told_after([99, 1], low_balance=0) == [False, False]
