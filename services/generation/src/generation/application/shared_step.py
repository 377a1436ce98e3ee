"""A step of a shared transaction that may refuse what was asked for, before it writes anything."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from generation.domain.errors import GenerationError, StorageBusy, StorageUnavailable
from generation.ports.needs import Needs
from generation.ports.unit_of_work import Done, UnitOfWork, UnitsOfWork


async def shared_unless_refused(
    units: UnitsOfWork, step: Callable[[UnitOfWork], Awaitable[Done]], needs: Needs
) -> Done:
    """Do it as `shared` does. Raises its refusal, a GenerationError, once the transaction is over.

    Nothing was written then: whatever else the transaction is shared with is kept.
    """

    async def answered(work: UnitOfWork) -> Done | GenerationError:
        try:
            return await step(work)
        except GenerationError as refusal:
            return refusal

    done = await units.shared(answered, needs)
    if isinstance(done, GenerationError):
        raise done
    return done


@contextmanager
def after_it_was_kept() -> Iterator[None]:
    """Raise StorageUnavailable for StorageBusy, of which callers read that nothing was begun."""
    try:
        yield
    except StorageBusy as busy:
        raise StorageUnavailable(
            "the job is kept, and what the ledger said of it is not yet; ask again with the same key"
        ) from busy
