"""Ends a link at once."""

from dataclasses import dataclass

from generation.application.read_generations import visible
from generation.domain.identifiers import AccountId, GenerationId, ShareId
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class WithdrawShare:
    """Which link, of whose job."""

    account_id: AccountId
    generation_id: GenerationId
    share_id: ShareId


@dataclass(frozen=True)
class WithdrawShareHandler:
    """Forgets the link. Idempotent. Raises GenerationNotFound."""

    units: UnitsOfWork

    async def __call__(self, command: WithdrawShare) -> None:
        async with self.units.of(command.account_id) as work:
            visible(await work.generations.get(command.generation_id), command.account_id)
            await work.shares.remove(command.generation_id, command.share_id)
