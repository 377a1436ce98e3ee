"""Reads collections with what stands for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.application.read_generations import ReadGenerations, SignedOutput, visible
from generation.domain.collection import Collection, CollectionSummary
from generation.domain.errors import CollectionNotFound
from generation.domain.identifiers import AccountId, CollectionId, GenerationId
from generation.domain.output import Output
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class CollectionView:
    """A collection as its user sees it; `cover` has a thumbnail."""

    collection: Collection
    generation_count: int
    cover: SignedOutput | None


@dataclass(frozen=True)
class ReadCollections:
    """Sees one account at a time."""

    units: UnitsOfWork
    read: ReadGenerations

    async def all(
        self, account_id: AccountId, *, holding: GenerationId | None = None
    ) -> Sequence[CollectionView]:
        """Return them by name, or those alone that hold a job. Raises GenerationNotFound."""
        async with self.units.of(account_id) as work:
            if holding is not None:
                visible(await work.generations.get(holding), account_id)
            summaries = await work.collections.summaries(account_id, holding=holding)
            covers = await _covers(work, summaries)
        return self._views(summaries, covers)

    async def collection(self, account_id: AccountId, collection_id: CollectionId) -> CollectionView:
        """Return one. Raises CollectionNotFound."""
        async with self.units.of(account_id) as work:
            summaries = await work.collections.summaries(account_id, only=collection_id)
            covers = await _covers(work, summaries)
        if not summaries:
            raise CollectionNotFound("no such collection")
        return self._views(summaries, covers)[0]

    def _views(
        self, summaries: Sequence[CollectionSummary], covers: Sequence[Output]
    ) -> Sequence[CollectionView]:
        signed: dict[GenerationId, SignedOutput] = {}
        for cover in self.read.signed(covers):
            if cover.thumbnail_url is not None:
                signed.setdefault(cover.output.generation_id, cover)
        return [
            CollectionView(
                summary.collection,
                summary.generation_count,
                signed.get(summary.cover_id) if summary.cover_id else None,
            )
            for summary in summaries
        ]


async def _covers(work: UnitOfWork, summaries: Sequence[CollectionSummary]) -> Sequence[Output]:
    return await work.outputs.of({summary.cover_id for summary in summaries if summary.cover_id})
