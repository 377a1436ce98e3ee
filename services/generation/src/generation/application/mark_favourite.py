"""Marks a job as one of its user's favourites, or no longer."""

from dataclasses import dataclass

from generation.application.read_generations import visible
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class MarkFavourite:
    """A job, and whether it is to be a favourite."""

    account_id: AccountId
    generation_id: GenerationId
    is_favourite: bool


@dataclass(frozen=True)
class MarkFavouriteHandler:
    """Changes the mark alone, whatever the job is doing. Idempotent. Raises GenerationNotFound."""

    units: UnitsOfWork

    async def __call__(self, command: MarkFavourite) -> Generation:
        async with self.units.of(command.account_id) as work:
            found = await work.generations.lock(command.generation_id)
            marked = visible(found, command.account_id).marked(is_favourite=command.is_favourite)
            await work.generations.save(marked)
        return marked
