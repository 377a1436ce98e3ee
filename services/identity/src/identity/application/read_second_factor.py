"""Say whether a person's sign-ins ask for a second factor."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.identifiers import UserId
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SecondFactorState:
    """Since when it is on, None for off, and how many recovery codes are good."""

    confirmed_at: datetime | None
    codes_left: int


@dataclass(frozen=True)
class ReadSecondFactorHandler:
    """Tells nothing of the secret."""

    units: UnitsOfWork

    async def __call__(self, user_id: UserId) -> SecondFactorState:
        """Return how it stands. Raises UserNotFound."""
        async with self.units.of(user_id) as work:
            await work.users.get(user_id)
            factor = await work.factors.get(user_id)
            return SecondFactorState(
                confirmed_at=factor.confirmed_at if factor else None,
                codes_left=await work.factors.codes_left(user_id),
            )
