"""Prepare the greeting of somebody who has just registered."""

from dataclasses import dataclass

from greeter.domain.greeting import Greeting
from greeter.domain.identifiers import AccountId, EventId
from greeter.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class PrepareGreeting:
    """Somebody has registered, as an event told."""

    account_id: AccountId
    full_name: str
    event_id: EventId


@dataclass(frozen=True)
class PrepareGreetingHandler:
    """Keeps a greeting, once an event."""

    units: UnitsOfWork

    async def __call__(self, command: PrepareGreeting) -> None:
        """Keep it; an event that was handled changes nothing."""
        async with self.units.of(command.account_id) as work:
            if await work.first_time(command.event_id):
                await work.keep(Greeting(command.account_id, command.full_name))
