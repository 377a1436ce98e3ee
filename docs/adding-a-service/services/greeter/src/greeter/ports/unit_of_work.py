"""One transaction on one account."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from greeter.domain.greeting import Greeting
from greeter.domain.identifiers import AccountId, EventId


class UnitOfWork(Protocol):
    """What one transaction can reach."""

    async def first_time(self, event_id: EventId) -> bool:
        """Store that an event is handled; False when it was before."""
        ...

    async def keep(self, greeting: Greeting) -> None:
        """Store a greeting; the account's first one stays."""
        ...

    async def greeting(self, account_id: AccountId) -> Greeting | None:
        """Read an account's greeting."""
        ...


class UnitsOfWork(Protocol):
    """Opens transactions."""

    def of(self, account_id: AccountId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction that sees this account alone; its end commits, any error rolls back."""
        ...
