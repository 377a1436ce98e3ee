"""Everything about one person that people with a role look at."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.administration import Actor, Person
from gateway.domain.api_key import ApiKey
from gateway.domain.credits import Balance, Entry, EntryFilter, OpenLots
from gateway.domain.errors import NotFound
from gateway.domain.generation import Generation, LibraryFilter
from gateway.domain.identifiers import UserId
from gateway.domain.own_session import OwnSession
from gateway.domain.purchase import Purchase
from gateway.domain.subscription import Subscription
from gateway.ports.administration import Administration
from gateway.ports.billing import Billing
from gateway.ports.generation import Generations
from gateway.ports.identity import Identity
from gateway.ports.ledger import Ledger

NEWEST_MAX = 20


@dataclass(frozen=True, kw_only=True)
class PersonDetails:
    """A person's account over all services, of each list the newest."""

    person: Person
    balance: Balance
    lots: OpenLots
    subscription: Subscription | None
    api_keys: Sequence[ApiKey]
    sessions: Sequence[OwnSession]
    entries: Sequence[Entry]
    generations: Sequence[Generation]
    purchases: Sequence[Purchase]


@dataclass(frozen=True)
class ReadPersonHandler:
    """Asks every service at once, once identity has said who it is and has recorded who looks."""

    administration: Administration
    identity: Identity
    ledger: Ledger
    billing: Billing
    generations: Generations

    async def __call__(self, actor: Actor, user_id: UserId) -> PersonDetails:
        """Read it all. Raises NotFound (USER_NOT_FOUND), Forbidden, Unavailable."""
        person = await self.administration.person(actor, user_id)
        try:
            async with asyncio.TaskGroup() as group:
                balance = group.create_task(self.ledger.balance(user_id))
                lots = group.create_task(self.ledger.open_lots(user_id))
                subscription = group.create_task(self._subscription(user_id))
                api_keys = group.create_task(self.identity.api_keys(user_id))
                sessions = group.create_task(self.identity.sessions_of(user_id))
                entries = group.create_task(
                    self.ledger.entries(user_id, EntryFilter(), cursor=None, limit=NEWEST_MAX)
                )
                generations = group.create_task(
                    self.generations.page(user_id, wanted=LibraryFilter(), cursor=None, limit=NEWEST_MAX)
                )
                purchases = group.create_task(self.billing.purchases(user_id, cursor=None, limit=NEWEST_MAX))
        except ExceptionGroup as failed:
            # Whoever asked is told the reason, which a group hides.
            raise failed.exceptions[0] from None
        return PersonDetails(
            person=person,
            balance=balance.result(),
            lots=lots.result(),
            subscription=subscription.result(),
            api_keys=api_keys.result(),
            sessions=sessions.result(),
            entries=entries.result().items,
            generations=generations.result().items,
            purchases=purchases.result().items,
        )

    async def _subscription(self, user_id: UserId) -> Subscription | None:
        try:
            return await self.billing.subscription(user_id)
        except NotFound:
            return None
