"""Links to generations in memory."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest, NotFound
from gateway.domain.identifiers import AccountId, GenerationId, ShareId
from gateway.domain.share import LIFETIMES_S, Share, Shared

SHARES_MAX = 20


@dataclass
class MemoryShares:
    """Implements Shares beside MemoryGenerations: links by their token."""

    generations: MemoryGenerations
    links: dict[str, tuple[AccountId, GenerationId, Share]] = field(default_factory=dict)

    async def create_share(
        self, account_id: AccountId, generation_id: GenerationId, *, lifetime_s: int, shows_prompt: bool
    ) -> tuple[Share, str]:
        """See Shares."""
        if lifetime_s not in LIFETIMES_S:
            problem = FieldProblem("lifetime_s", "is not on offer")
            raise InvalidRequest("The lifetime is not on offer.", reason="INVALID_INPUT", fields=[problem])
        job = await self.generations.generation(account_id, generation_id)
        if not job.outputs:
            raise Conflict("Only what came out can be shared.", reason="NOTHING_TO_SHARE")
        if len(await self.shares_of(account_id, generation_id)) >= SHARES_MAX:
            raise Conflict("It has 20 links already; withdraw one first.", reason="TOO_MANY_SHARES")
        now, token = self.generations.clock.now(), secrets.token_urlsafe(32)
        share = Share(
            share_id=ShareId(f"shr_{len(self.links):032x}"),
            shows_prompt=shows_prompt,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_s),
        )
        self.links[token] = (account_id, generation_id, share)
        return share, token

    async def shares_of(self, account_id: AccountId, generation_id: GenerationId) -> Sequence[Share]:
        """See Shares."""
        await self.generations.generation(account_id, generation_id)
        now = self.generations.clock.now()
        own = [share for _, shared, share in reversed(self.links.values()) if shared == generation_id]
        return [share for share in own if now < share.expires_at]

    async def withdraw_share(
        self, account_id: AccountId, generation_id: GenerationId, share_id: ShareId
    ) -> None:
        """See Shares."""
        await self.generations.generation(account_id, generation_id)
        self.links = {
            token: link
            for token, link in self.links.items()
            if (link[1], link[2].share_id) != (generation_id, share_id)
        }

    async def shared(self, token: str) -> Shared:
        """See Shares."""
        ended = NotFound("This link has ended.", reason="SHARE_ENDED")
        if token not in self.links:
            raise ended
        account_id, generation_id, share = self.links[token]
        if self.generations.clock.now() >= share.expires_at or generation_id not in self.generations.jobs:
            raise ended
        job = await self.generations.generation(account_id, generation_id)
        return Shared(
            modality=job.modality,
            prompt=str(job.input["prompt"]) if share.shows_prompt else None,
            outputs=job.outputs,
            expires_at=share.expires_at,
        )
