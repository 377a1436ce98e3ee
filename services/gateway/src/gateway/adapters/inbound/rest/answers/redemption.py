"""What a code gave to somebody."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, Moment, shown
from gateway.domain import promotion as domain


class Redemption(Answer):
    """Somebody's credits from a code."""

    id: Annotated[str, shown("red_019324a1b2c37def8a9b0c1d2e3f4a5e")]
    """The redemption's id."""
    code: Annotated[str, shown("SPRING-2026")]
    """The code, in capitals."""
    credits: Annotated[Credits, shown(100)]
    """What came of it; the balance has it within moments."""
    expires_at: Moment | None
    """When they end; null: never."""
    created_at: Moment
    """When it was redeemed."""

    @classmethod
    def of(cls, redemption: domain.Redemption) -> Self:
        """Show a redemption."""
        return cls(
            id=redemption.redemption_id,
            code=redemption.code,
            credits=redemption.credits,
            expires_at=redemption.expires_at,
            created_at=redemption.created_at,
        )
