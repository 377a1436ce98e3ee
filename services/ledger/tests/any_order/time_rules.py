"""Time that passes, and the sweeps that book what it ended."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import rule
from ledger.ports.generation_settlements import Decision, Settlement

from any_order.machine import LedgerMachine


class TimeRules(LedgerMachine):
    """Clocks and sweeps."""

    @rule(seconds=st.integers(-50, 200))
    def time_passes(self, seconds: int) -> None:
        """Clocks go on, and now and then back."""
        self.ledger.clock.advance(seconds=seconds)

    @rule(verdict=st.sampled_from(Decision))
    def sweep(self, verdict: Decision) -> None:
        """Book what expired, and settle what is overdue by what generation says."""
        for one in self.store.reservations.values():
            self.ledger.settlements.verdicts[one.reference] = Settlement(
                decision=verdict, charge_credits=one.reserved
            )
        asyncio.run(self.ledger.expire_lots())
        assert asyncio.run(self.ledger.expire_reservations()).failures == ()
