"""Collections of generations in memory."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.domain.collection import GENERATIONS_MAX, NAME_LENGTH_MAX, Collection
from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest, NotFound
from gateway.domain.identifiers import AccountId, CollectionId, GenerationId

COLLECTIONS_MAX = 200


@dataclass
class MemoryCollections:
    """Implements Collections beside MemoryGenerations, which knows what each holds."""

    generations: MemoryGenerations
    kept: dict[tuple[AccountId, CollectionId], Collection] = field(default_factory=dict)
    made: int = 0

    async def collections(
        self, account_id: AccountId, *, holding: GenerationId | None = None
    ) -> Sequence[Collection]:
        """See Collections."""
        if holding is not None:
            await self.generations.generation(account_id, holding)
        own = [
            self._seen(account_id, collection_id)
            for owner, collection_id in self.kept
            if owner == account_id
            and (holding is None or holding in self.generations.collected[owner, collection_id])
        ]
        return sorted(own, key=lambda collection: _key(collection.name))

    async def collection(self, account_id: AccountId, collection_id: CollectionId) -> Collection:
        """See Collections."""
        return self._seen(account_id, collection_id)

    async def create_collection(self, account_id: AccountId, *, name: str) -> Collection:
        """See Collections."""
        own = [owner for owner, _ in self.kept if owner == account_id]
        self.made += 1
        collection_id = CollectionId(f"col_{self.made:032x}")
        checked = self._free(account_id, collection_id, name)
        if len(own) >= COLLECTIONS_MAX:
            raise Conflict(
                f"You have {COLLECTIONS_MAX} collections already; delete one first.",
                reason="TOO_MANY_COLLECTIONS",
            )
        self.kept[account_id, collection_id] = Collection(
            collection_id=collection_id,
            name=checked,
            generation_count=0,
            cover=None,
            created_at=self.generations.clock.now(),
        )
        self.generations.collected[account_id, collection_id] = set()
        return self._seen(account_id, collection_id)

    async def rename_collection(
        self, account_id: AccountId, collection_id: CollectionId, *, name: str
    ) -> Collection:
        """See Collections."""
        known = self._seen(account_id, collection_id)
        self.kept[account_id, collection_id] = replace(
            known, name=self._free(account_id, collection_id, name)
        )
        return self._seen(account_id, collection_id)

    async def delete_collection(self, account_id: AccountId, collection_id: CollectionId) -> None:
        """See Collections."""
        self._seen(account_id, collection_id)
        del self.kept[account_id, collection_id], self.generations.collected[account_id, collection_id]

    async def add_to_collection(
        self, account_id: AccountId, collection_id: CollectionId, generation_ids: Sequence[GenerationId]
    ) -> Collection:
        """See Collections."""
        await self._check(account_id, collection_id, generation_ids)
        self.generations.collected[account_id, collection_id] |= set(generation_ids)
        return self._seen(account_id, collection_id)

    async def remove_from_collection(
        self, account_id: AccountId, collection_id: CollectionId, generation_ids: Sequence[GenerationId]
    ) -> Collection:
        """See Collections."""
        await self._check(account_id, collection_id, generation_ids)
        self.generations.collected[account_id, collection_id] -= set(generation_ids)
        return self._seen(account_id, collection_id)

    async def _check(
        self, account_id: AccountId, collection_id: CollectionId, generation_ids: Sequence[GenerationId]
    ) -> None:
        """Refuse what is not there, and too many."""
        self._seen(account_id, collection_id)
        if not 1 <= len(generation_ids) <= GENERATIONS_MAX:
            raise _wrong("generations", f"must be 1 to {GENERATIONS_MAX}")
        absent = [each for each in generation_ids if not self._is_there(account_id, each)]
        if absent:
            raise NotFound(f"no such generation: {', '.join(absent)}")

    def _is_there(self, account_id: AccountId, generation_id: GenerationId) -> bool:
        job = self.generations.jobs.get(generation_id)
        return (
            job is not None
            and job.account_id == account_id
            and generation_id not in self.generations.discarded
        )

    def _seen(self, account_id: AccountId, collection_id: CollectionId) -> Collection:
        """Return it with what it shows now. Raises NotFound."""
        known = self.kept.get((account_id, collection_id))
        if known is None:
            raise NotFound("There is no such collection.", reason="COLLECTION_NOT_FOUND")
        held = self.generations.collected[account_id, collection_id]
        jobs = [
            job
            for job in reversed(self.generations.jobs.values())
            if job.generation_id in held and self._is_there(account_id, job.generation_id)
        ]
        covers = [output for job in jobs for output in job.outputs if output.thumbnail_url]
        return replace(known, generation_count=len(jobs), cover=covers[0] if covers else None)

    def _free(self, account_id: AccountId, collection_id: CollectionId, text: str) -> str:
        """Return the name as it is kept. Raises InvalidRequest, and Conflict where another has it."""
        name = unicodedata.normalize("NFC", text).strip()
        if not 1 <= len(name) <= NAME_LENGTH_MAX:
            raise _wrong("name", f"must be 1 to {NAME_LENGTH_MAX} characters")
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            raise _wrong("name", "must hold no control characters")
        for (owner, other_id), other in self.kept.items():
            if owner == account_id and other_id != collection_id and _key(other.name) == _key(name):
                raise Conflict(
                    f"You have a collection called \u201c{other.name}\u201d already.",
                    reason="COLLECTION_NAME_TAKEN",
                )
        return name


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _wrong(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {detail}", reason="INVALID_INPUT", fields=[FieldProblem(field, detail)])
