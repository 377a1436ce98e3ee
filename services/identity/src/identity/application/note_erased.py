"""Note that another part of the product has erased what it kept of an account."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.identifiers import UserId
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class NoteErased:
    """Whose account, which part, and when it was done."""

    user_id: UserId
    part: str
    erased_at: datetime


@dataclass(frozen=True)
class NoteErasedHandler:
    """The first time counts; told again, it is noted once."""

    units: UnitsOfWork

    async def __call__(self, command: NoteErased) -> None:
        async with self.units.of(command.user_id) as work:
            await work.erasures.note(command.user_id, command.part, command.erased_at)
