"""Stores in memory that tests of the writer count, stop and break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ledger.adapters.outbound.memory import MemoryLedger
from ledger.application.command import Command
from ledger.application.command_writer import CommandWriter
from ledger.domain.account import Account
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.identifiers import AccountId, ReservationId
from ledger.domain.occasion import Occasion
from ledger.ports.unit_of_work import Needs, UnitOfWork, WorkingSet
from support import CountingIds, HandClock

# What a request has of its own; no transaction is part of one.
CALLER: ContextVar[str | None] = ContextVar("caller", default=None)


@dataclass(kw_only=True, slots=True)
class Poison(Command):
    """A command with a bug."""

    def tell_needs(self, needs: Needs, now: object) -> None:
        """Nothing."""

    def account(self, found: WorkingSet) -> Account:
        """Any."""
        return found.account(AccountId("usr_me"))

    def decide(self, account: Account, occasion: Occasion) -> str:
        """Break."""
        raise RuntimeError("a bug")


class Fragile(MemoryLedger):
    """A store that is away for a while, before the commit or after it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.failures = 0
        self.after_commit = False
        self.failure: Exception = LedgerUnavailable("away")
        self.begun = 0
        self.callers: list[str | None] = []
        self.knows_owners = True
        self._open = asyncio.Event()
        self._open.set()

    @asynccontextmanager
    async def of_system(self) -> AsyncIterator[UnitOfWork]:
        """Fail as often as it was told to."""
        self.begun += 1
        self.callers.append(CALLER.get())
        await self._open.wait()
        async with super().of_system() as work:
            if self.failures and not self.after_commit:
                self.failures -= 1
                raise self.failure
            yield work
        if self.failures:
            self.failures -= 1
            raise LedgerUnavailable("the answer was lost")

    def known_owner(self, reservation_id: ReservationId) -> AccountId | None:
        """Return whose it is, unless this process has just begun."""
        return super().known_owner(reservation_id) if self.knows_owners else None

    def stop(self) -> None:
        """Let no transaction go on."""
        self._open.clear()

    def go_on(self) -> None:
        """Let all go on."""
        self._open.set()


async def settled() -> None:
    """Let every task do what it can do now."""
    for _ in range(20):
        await asyncio.sleep(0)


def writer_over(store: MemoryLedger, **options: int) -> CommandWriter:
    """A writer of its own."""
    return CommandWriter(store, HandClock(), CountingIds(), **options)
