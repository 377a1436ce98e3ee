"""One list of a person's, part by part, for people with a role."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from gateway.domain.administration import Actor, Person
from gateway.domain.credits import Entry, EntryFilter
from gateway.domain.generation import Generation, LibraryFilter
from gateway.domain.identifiers import UserId
from gateway.domain.page import Page
from gateway.ports.administration import Administration
from gateway.ports.generation import Generations
from gateway.ports.ledger import Ledger

Item = TypeVar("Item")


class ReadPart(Protocol[Item]):
    """Reads a part of somebody's list, the newest first. Raises InvalidRequest for a cursor that is none."""

    async def __call__(self, user_id: UserId, /, *, cursor: str | None, limit: int) -> Page[Item]: ...


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

    async def __call__(
        self, actor: Actor, user_id: UserId, *, cursor: str | None, limit: int
    ) -> ListOfPerson[Item]:
        """Read a part. Raises NotFound (USER_NOT_FOUND), Forbidden, InvalidRequest, Unavailable."""
        person = await self.administration.person(actor, user_id)
        return ListOfPerson(person=person, page=await self.read_part(user_id, cursor=cursor, limit=limit))


def entries_of(ledger: Ledger) -> ReadPart[Entry]:
    """Return what reads a whole statement, whatever a line is about."""

    async def read(user_id: UserId, /, *, cursor: str | None, limit: int) -> Page[Entry]:
        return await ledger.entries(user_id, EntryFilter(), cursor=cursor, limit=limit)

    return read


def generations_of(generations: Generations) -> ReadPart[Generation]:
    """Return what reads a whole library, whatever became of a job."""

    async def read(user_id: UserId, /, *, cursor: str | None, limit: int) -> Page[Generation]:
        return await generations.page(user_id, wanted=LibraryFilter(), cursor=cursor, limit=limit)

    return read
