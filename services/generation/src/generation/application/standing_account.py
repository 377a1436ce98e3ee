"""Refuse what is asked for an account that is erased."""

from generation.domain.errors import AccountGone
from generation.domain.identifiers import AccountId
from generation.ports.unit_of_work import UnitOfWork


async def require_standing(work: UnitOfWork, account_id: AccountId) -> None:
    """Raise AccountGone for an erased account; what the caller stores otherwise is there to be erased."""
    if await work.erasures.is_begun(account_id):
        raise AccountGone
