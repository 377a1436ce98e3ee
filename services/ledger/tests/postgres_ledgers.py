"""Ledgers on a real PostgreSQL: several replicas at once, and whether their books are in order."""

import asyncio
import random
from dataclasses import dataclass

from ledger.adapters.outbound.postgres.invariants import PostgresInvariants
from ledger.application.command import Command, Outcome
from ledger.application.command_writer import CommandWriter
from ledger.domain.errors import LedgerError
from sqlalchemy.ext.asyncio import AsyncEngine


async def broken_invariants(engine: AsyncEngine) -> dict[str, int]:
    """The invariants that don't hold, with how often each is violated."""
    results = [one async for one in PostgresInvariants(engine).check()]
    return {one.invariant: one.violations for one in results if one.violations}


@dataclass
class Replicas:
    """Three writers with connections of their own."""

    engine: AsyncEngine
    writers: list[CommandWriter]

    async def everywhere(self, command: Command, times: int) -> str:
        """Send one command to several replicas at once; return what all of them say happened."""
        sent = random.sample(self.writers, times)
        said = {
            what_is_said(one)
            for one in await asyncio.gather(*(w.apply(command) for w in sent), return_exceptions=True)
        }
        assert len(said) == 1, said
        return said.pop()

    async def violations(self) -> dict[str, int]:
        """Return the invariants that are broken."""
        return await broken_invariants(self.engine)


def what_is_said(outcome: Outcome | BaseException | None) -> str:
    """What was made, or why it was refused."""
    if isinstance(outcome, LedgerError):
        return outcome.reason
    assert isinstance(outcome, Outcome), repr(outcome)
    return outcome.made_id
