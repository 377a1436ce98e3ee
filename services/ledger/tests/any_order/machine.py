"""What every part of the machine uses: a ledger in memory, and what was decided so far."""

import asyncio
import copy
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.application.command import Command, Outcome
from ledger.domain.errors import KeptRefusal, LedgerError
from support import LedgerUnderTest

ACCOUNTS = st.sampled_from(["usr_1", "usr_2"])
AMOUNTS = st.integers(1, 60)


class LedgerMachine(RuleBasedStateMachine):
    """A ledger, and what was decided about each request."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryLedger()
        self.ledger = LedgerUnderTest.over_memory(self.store)
        self.number = 0
        self.decided: list[tuple[Command, str | None, str]] = []

    def request(self, kind: str) -> str:
        """A request id of its own."""
        self.number += 1
        return f"{kind}:{self.number}"

    def reference(self) -> str:
        """A job of its own."""
        self.number += 1
        return f"gen_{self.number}"

    def apply(self, command: Command) -> Outcome | None:
        """Apply a command; a refusal must leave everything as it was."""
        before, facts = self.snapshot(), len(self.store.facts)
        try:
            outcome = asyncio.run(self.ledger.writer.apply(command))
        except LedgerError as refusal:
            assert self.snapshot() == before
            if isinstance(refusal, KeptRefusal):
                self.decided.append((command, None, refusal.reason))
            return None
        assert outcome is not None
        self.decided.append((command, outcome.made_id, ""))
        # The last fact, when nothing happened after it, tells the balance that the account has.
        told = [fact.balance for fact in self.store.facts[facts:]]
        if told and told[-1].sequence == outcome.balance.sequence:
            assert told[-1] == outcome.balance
        return outcome

    def any_reservation(self, data: st.DataObject) -> Any:
        """Any reservation."""
        return data.draw(st.sampled_from(list(self.store.reservations.values())))

    def snapshot(self) -> object:
        """Everything but the requests that were kept."""
        store = self.store
        return copy.deepcopy(
            (
                len(store.entries),
                len(store.facts),
                store.lots,
                store.reservations,
                store.clawbacks,
                store.budgets,
                {key: (one.available, one.held, one.debt) for key, one in store.accounts.items()},
            )
        )
