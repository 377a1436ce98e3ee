"""Reads jobs with what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generation.application.queue_view import QueueView
from generation.application.usual_durations import UsualDurations
from generation.domain.attempt import Attempt
from generation.domain.collection import own_collection
from generation.domain.errors import GenerationNotFound
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AccountId, GenerationId
from generation.domain.library_filter import EVERY_JOB, LibraryFilter
from generation.domain.output import Output
from generation.domain.read_grant import ReadGrant
from generation.domain.waiting import Standing, expected_ready_at
from generation.ports.clock import Clock
from generation.ports.media_store import MediaStore
from generation.ports.read_grants import ReadGrants
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class SignedOutput:
    """An output with addresses that work until `expires_at`.

    An inline one has none, and a signature that it is read by until then.
    """

    output: Output
    url: str
    download_url: str
    thumbnail_url: str | None
    expires_at: datetime
    signature: str | None = None


@dataclass(frozen=True)
class GenerationView:
    """A job as its user sees it; `attempts` are filled when one job is read."""

    generation: Generation
    outputs: Sequence[SignedOutput] = ()
    attempts: Sequence[Attempt] = ()
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True)
class ReadGenerations:
    """Sees one account at a time."""

    units: UnitsOfWork
    store: MediaStore
    clock: Clock
    queue: QueueView
    durations: UsualDurations
    grants: ReadGrants
    url_ttl_s: int = 900

    async def generation(self, account_id: AccountId, generation_id: GenerationId) -> GenerationView:
        """One job with outputs and attempts. Raises GenerationNotFound."""
        async with self.units.of(account_id) as work:
            generation = visible(await work.generations.get(generation_id), account_id)
            outputs = await work.outputs.of([generation_id])
            attempts = await work.attempts.of(generation_id)
        return await self._view(generation, outputs, attempts)

    async def view(self, generation: Generation) -> GenerationView:
        """Return a job that was just changed, as its user sees it."""
        outputs: Sequence[Output] = ()
        # Outputs are stored with the end of a job that succeeded: no other has any.
        if generation.status is Status.SUCCEEDED:
            async with self.units.of(generation.account_id) as work:
                outputs = await work.outputs.of([generation.generation_id])
        return await self._view(generation, outputs)

    async def page(
        self,
        account_id: AccountId,
        *,
        wanted: LibraryFilter = EVERY_JOB,
        before: GenerationId | None,
        limit: int,
    ) -> tuple[Sequence[GenerationView], GenerationId | None]:
        """Return what `wanted` admits, newest first, and where the next page starts if there is one.

        Raises CollectionNotFound for a collection that is not this account's.
        """
        async with self.units.of(account_id) as work:
            if wanted.collection_id is not None:
                own_collection(await work.collections.get(wanted.collection_id), account_id)
            found = await work.generations.page(account_id, wanted=wanted, before=before, limit=limit + 1)
            shown = found[:limit]
            outputs = await self._outputs(work, shown)
        views = [
            await self._view(generation, [o for o in outputs if o.generation_id == generation.generation_id])
            for generation in shown
        ]
        return views, shown[-1].generation_id if len(found) > limit else None

    async def _view(
        self, generation: Generation, outputs: Sequence[Output], attempts: Sequence[Attempt] = ()
    ) -> GenerationView:
        standing = Standing(
            await self._place(generation),
            expected_ready_at(generation, self.durations.of(generation.model_id)),
        )
        return GenerationView(generation, self.signed(outputs), attempts, standing)

    async def _place(self, generation: Generation) -> int | None:
        """Return its place among those that wait for a worker, or, with one, at its provider's."""
        if generation.status is Status.PROCESSING:
            return generation.provider_place
        return await self.queue.position(generation)

    async def _outputs(self, work: UnitOfWork, generations: Sequence[Generation]) -> Sequence[Output]:
        return await work.outputs.of([generation.generation_id for generation in generations])

    def signed(self, outputs: Sequence[Output], *, ttl_s_max: int | None = None) -> Sequence[SignedOutput]:
        """Return the outputs with addresses, good for no longer than `ttl_s_max` where that is given."""
        ttl_s = self.url_ttl_s if ttl_s_max is None else min(self.url_ttl_s, ttl_s_max)
        expires_at = self.clock.now() + timedelta(seconds=ttl_s)
        return [
            self._granted(each, expires_at) if each.is_inline else self._addressed(each, ttl_s, expires_at)
            for each in outputs
        ]

    def _addressed(self, output: Output, ttl_s: int, expires_at: datetime) -> SignedOutput:
        sign, small = self.store.signed_url, output.thumbnail_key
        return SignedOutput(
            output,
            sign(output.object_key, ttl_s=ttl_s),
            sign(output.object_key, ttl_s=ttl_s, download_as=output.file_name),
            sign(small, ttl_s=ttl_s) if small else None,
            expires_at,
        )

    def _granted(self, output: Output, expires_at: datetime) -> SignedOutput:
        grant = ReadGrant(account_id=output.account_id, output_id=output.output_id, expires_at=expires_at)
        return SignedOutput(output, "", "", None, expires_at, self.grants.sign(grant))


def visible(generation: Generation | None, account_id: AccountId) -> Generation:
    """Return the job, if it is there, this account's and not deleted. Raises GenerationNotFound."""
    if generation is None or generation.account_id != account_id or generation.deleted_at:
        raise GenerationNotFound("no such generation")
    return generation
