"""What jobs are put into a collection, or taken out of it, and what is refused of both."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.domain.collection import Collection, own_collection
from generation.domain.errors import GenerationNotFound
from generation.domain.identifiers import AccountId, CollectionId, GenerationId
from generation.ports.unit_of_work import UnitOfWork

# So many of those that are not there are named, lest an answer outgrow its headers.
NAMED_MAX = 10


@dataclass(frozen=True, kw_only=True)
class CollectionChange:
    """Whose, which, and the jobs that are meant."""

    account_id: AccountId
    collection_id: CollectionId
    generation_ids: Sequence[GenerationId]


async def changed_collection(work: UnitOfWork, change: CollectionChange) -> Collection:
    """Return the collection, once its jobs are sure to be there until the transaction ends.

    Raises CollectionNotFound, and GenerationNotFound, which names those that are not there.
    """
    await work.collections.lock(change.account_id)
    collection = own_collection(await work.collections.get(change.collection_id), change.account_id)
    # They stay until the end: a deletion at the same time would leave what it takes out.
    there = await work.generations.lock_present(change.generation_ids)
    refuse_absent([each for each in change.generation_ids if each not in there])
    return collection


def refuse_absent(absent: Sequence[str]) -> None:
    """Raise GenerationNotFound, which names the first of them, unless there are none."""
    if not absent:
        return
    named = ", ".join(absent[:NAMED_MAX])
    more = f", and {len(absent) - NAMED_MAX} more" if len(absent) > NAMED_MAX else ""
    raise GenerationNotFound(f"no such generation: {named}{more}")
