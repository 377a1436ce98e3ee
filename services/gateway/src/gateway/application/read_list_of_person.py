"""One list of a person's, part by part, for people with a role."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from gateway.domain.administration import Actor, Person
from gateway.domain.credits import Entry, EntryFilter
from gateway.domain.generation import Generation, LibraryFilter
from gateway.domain.identifiers import UserId
from gateway.domain.page import Page
from gateway.domain.purchase import Purchase
from gateway.ports.administration import Administration
from gateway.ports.billing import Billing
from gateway.ports.generation import Generations
from gateway.ports.ledger import Ledger

Item = TypeVar("Item")


# Whose, from which cursor, how many: a part of a list, newest first. Raises InvalidRequest for a bad cursor.
ReadPart: TypeAlias = Callable[[UserId, str | None, int], Awaitable[Page[Item]]]


@dataclass(frozen=True, kw_only=True)
class ReadListOfPerson:
    """Whose list, the cursor after which it goes on, and of how many items at most."""

    actor: Actor
    user_id: UserId
    cursor: str | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class ListOfPerson(Generic[Item]):
    """A part of a list, and whose it is."""

    person: Person
    page: Page[Item]


@dataclass(frozen=True)
class ReadListOfPersonHandler(Generic[Item]):
    """Asks for the list once identity has said who it is and has recorded who looks."""

    administration: Administration
    read_part: ReadPart[Item]

    async def __call__(self, command: ReadListOfPerson) -> ListOfPerson[Item]:
        """Read a part. Raises NotFound (USER_NOT_FOUND), Forbidden, InvalidRequest, Unavailable."""
        person = await self.administration.person(command.actor, command.user_id)
        page = await self.read_part(command.user_id, command.cursor, command.limit)
        return ListOfPerson(person=person, page=page)


def entries_of(ledger: Ledger) -> ReadPart[Entry]:
    """Return what reads a whole statement, whatever a line is about."""

    async def read(user_id: UserId, cursor: str | None, limit: int) -> Page[Entry]:
        return await ledger.entries(user_id, EntryFilter(), cursor=cursor, limit=limit)

    return read


def generations_of(generations: Generations) -> ReadPart[Generation]:
    """Return what reads a whole library, whatever became of a job."""

    async def read(user_id: UserId, cursor: str | None, limit: int) -> Page[Generation]:
        return await generations.page(user_id, wanted=LibraryFilter(), cursor=cursor, limit=limit)

    return read


def purchases_of(billing: Billing) -> ReadPart[Purchase]:
    """Return what reads all that somebody paid for."""

    async def read(user_id: UserId, cursor: str | None, limit: int) -> Page[Purchase]:
        return await billing.purchases(user_id, cursor=cursor, limit=limit)

    return read
