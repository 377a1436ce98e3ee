"""Reads links, and what they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from generation.application.read_generations import ReadGenerations, SignedOutput, visible
from generation.domain.errors import GenerationNotFound, ShareEnded
from generation.domain.identifiers import AccountId, GenerationId
from generation.domain.model import Modality
from generation.domain.share import Share, hash_of
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SharedView:
    """What whoever has a link sees: no name, and the prompt only where its owner chose so."""

    modality: Modality
    prompt: str | None
    outputs: Sequence[SignedOutput]
    expires_at: datetime


@dataclass(frozen=True)
class ReadShares:
    """Sees one account at a time, or what one token opens."""

    units: UnitsOfWork
    read: ReadGenerations
    clock: Clock

    async def of(self, account_id: AccountId, generation_id: GenerationId) -> Sequence[Share]:
        """Return a job's links that work, newest first. Raises GenerationNotFound."""
        async with self.units.of(account_id) as work:
            visible(await work.generations.get(generation_id), account_id)
            shares = await work.shares.of(generation_id)
        now = self.clock.now()
        return [share for share in shares if now < share.expires_at]

    async def opened(self, token: str) -> SharedView:
        """Return what a token opens. Raises ShareEnded, which never says why."""
        async with self.units.of_system() as work:
            share = await work.shares.with_hash(hash_of(token))
        now = self.clock.now()
        if share is None or now >= share.expires_at:
            raise ShareEnded("this link has ended")
        try:
            view = await self.read.generation(share.account_id, share.generation_id)
        except GenerationNotFound as gone:
            raise ShareEnded("this link has ended") from gone
        left_s = int((share.expires_at - now).total_seconds())
        prompt = view.generation.input.get("prompt")
        return SharedView(
            modality=view.generation.modality,
            prompt=str(prompt) if share.shows_prompt and prompt else None,
            outputs=self.read.signed([shown.output for shown in view.outputs], ttl_s_max=max(1, left_s)),
            expires_at=share.expires_at,
        )
