"""Read how an account is greeted."""

from dataclasses import dataclass

from greeter.domain.errors import GreetingNotFound
from greeter.domain.greeting import Greeting
from greeter.domain.identifiers import AccountId
from greeter.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class GreetHandler:
    """Answers the greeting of whoever has registered."""

    units: UnitsOfWork

    async def __call__(self, account_id: AccountId) -> Greeting:
        """Return an account's greeting. Raises GreetingNotFound."""
        async with self.units.of(account_id) as work:
            greeting = await work.greeting(account_id)
        if greeting is None:
            raise GreetingNotFound(f"nobody has registered as {account_id}")
        return greeting
