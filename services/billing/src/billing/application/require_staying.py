"""Refuse what is asked for an account that is erased, or about to be."""

from billing.domain.errors import AccountGone
from billing.domain.identifiers import UserId
from billing.ports.unit_of_work import UnitOfWork


async def require_standing(work: UnitOfWork, user_id: UserId) -> None:
    """Raise AccountGone for an erased account; what the caller stores otherwise is there to be erased."""
    if await work.is_erased(user_id):
        raise AccountGone


async def require_staying(work: UnitOfWork, user_id: UserId) -> None:
    """Raise AccountGone, and AccountLeaving for one that is about to be erased."""
    await require_standing(work, user_id)
    known = await work.departure(user_id)
    if known is not None:
        known.require_staying()
