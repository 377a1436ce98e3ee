"""Greetings in memory, for tests: the same promises as PostgreSQL's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from greeter.domain.greeting import Greeting
from greeter.domain.identifiers import AccountId, EventId


class MemoryUnitsOfWork:
    """Transactions over two dictionaries, undone on an error."""

    def __init__(self) -> None:
        self.greetings: dict[AccountId, Greeting] = {}
        self.handled: set[EventId] = set()

    @asynccontextmanager
    async def of(self, account_id: AccountId) -> AsyncIterator["_MemoryUnitOfWork"]:
        """See UnitsOfWork."""
        before = dict(self.greetings), set(self.handled)
        try:
            yield _MemoryUnitOfWork(self, account_id)
        except BaseException:
            self.greetings, self.handled = before
            raise


class _MemoryUnitOfWork:
    def __init__(self, store: MemoryUnitsOfWork, account_id: AccountId) -> None:
        self._store = store
        self._account_id = account_id

    async def first_time(self, event_id: EventId) -> bool:
        """See UnitOfWork."""
        is_new = event_id not in self._store.handled
        self._store.handled.add(event_id)
        return is_new

    async def keep(self, greeting: Greeting) -> None:
        """See UnitOfWork."""
        self._store.greetings.setdefault(greeting.account_id, greeting)

    async def greeting(self, account_id: AccountId) -> Greeting | None:
        """See UnitOfWork."""
        return self._store.greetings.get(account_id) if account_id == self._account_id else None
