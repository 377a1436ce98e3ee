"""Makes a link to a finished job."""

from dataclasses import dataclass

from generation.application.read_generations import visible
from generation.application.standing_account import require_standing
from generation.domain.errors import NothingToShare, TooManyShares
from generation.domain.identifiers import AccountId, GenerationId, ShareId
from generation.domain.share import SHARES_MAX, Share
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.shares import TokenSource
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class CreateShare:
    """Whose job, for how many seconds, and whether its prompt is shown too."""

    account_id: AccountId
    generation_id: GenerationId
    lifetime_s: int
    shows_prompt: bool


@dataclass(frozen=True)
class CreateShareHandler:
    """Answers with the link and its token, which nobody is told again.

    Raises GenerationNotFound, InvalidInput for another lifetime, NothingToShare, TooManyShares. Not
    idempotent: each call makes a link.
    """

    units: UnitsOfWork
    tokens: TokenSource
    ids: IdSource
    clock: Clock

    async def __call__(self, command: CreateShare) -> tuple[Share, str]:
        now, token = self.clock.now(), self.tokens.new()
        share = Share.opened(
            ShareId(self.ids.new("shr")),
            command.generation_id,
            command.account_id,
            token=token,
            lifetime_s=command.lifetime_s,
            shows_prompt=command.shows_prompt,
            now=now,
        )
        async with self.units.of(command.account_id) as work:
            # Locked: two calls at once must not pass the bound together, nor outlive a deletion.
            await require_standing(work, command.account_id)
            visible(await work.generations.lock(command.generation_id), command.account_id)
            if not await work.outputs.of([command.generation_id]):
                raise NothingToShare("only what came out can be shared")
            await work.shares.remove_expired(command.generation_id, now=now)
            if len(await work.shares.of(command.generation_id)) >= SHARES_MAX:
                raise TooManyShares(f"it has {SHARES_MAX} links already; withdraw one first")
            await work.shares.add(share)
        return share, token
