"""Requests that come again: the same one is recalled, another one under the same id is refused."""

import asyncio
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from ledger.domain.errors import IdempotencyKeyReused, LedgerError

from any_order.machine import LedgerMachine


class RequestRules(LedgerMachine):
    """Retries, redelivered events and reused ids."""

    @precondition(lambda self: self.decided)
    @rule(data=st.data(), event=st.booleans())
    def again(self, data: st.DataObject, event: bool) -> None:
        """A repeated request gets its first outcome and moves nothing."""
        command, made_id, reason = data.draw(st.sampled_from(self.decided))
        before = self.snapshot()
        try:
            outcome = asyncio.run(
                self.ledger.writer.apply(command, event_id=self.request("evt") if event else None)
            )
        except LedgerError as refusal:
            told = (None, refusal.reason)
        else:
            assert outcome is not None
            assert outcome.replayed
            told = (outcome.made_id, "")
        assert told == (made_id, reason)
        assert self.snapshot() == before

    @precondition(lambda self: self.decided)
    @rule(data=st.data())
    def reuse(self, data: st.DataObject) -> None:
        """The same id for another command is refused and moves nothing."""
        command, _, _ = data.draw(st.sampled_from(self.decided))
        before = self.snapshot()
        try:
            asyncio.run(self.ledger.writer.apply(replace(command, reason="something else")))
        except IdempotencyKeyReused:
            pass
        else:
            raise AssertionError("another command under the same id was accepted")
        assert self.snapshot() == before
