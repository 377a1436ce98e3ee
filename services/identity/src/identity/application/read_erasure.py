"""Say how far the end of an account has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identity.domain.erasure import PARTS
from identity.domain.identifiers import UserId
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ErasureStanding:
    """When an account is erased, or, once it is, which parts are done; None for one that is not."""

    erased_from: datetime | None
    parts: Mapping[str, datetime | None]


@dataclass(frozen=True)
class ReadErasureHandler:
    """Reads it by the account's id, which is all that is left of it."""

    units: UnitsOfWork

    async def __call__(self, user_id: UserId) -> ErasureStanding:
        """Return how it stands. Raises UserNotFound for an account that never was."""
        async with self.units.of(user_id) as work:
            erased = await work.erasures.erased(user_id)
            if not erased:
                user = await work.users.get(user_id)
                return ErasureStanding(user.erased_from, dict.fromkeys(PARTS))
        return ErasureStanding(None, {part: erased.get(part) for part in PARTS})
