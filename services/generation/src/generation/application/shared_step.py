"""A step of a shared transaction that may refuse what was asked for, before it writes anything."""

from collections.abc import Awaitable, Callable

from generation.domain.errors import GenerationError
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
