"""A signed price."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, Moment, shown
from gateway.domain import generation as domain


class Quote(Answer):
    """A signed price for one exact input."""

    quote_id: Annotated[str, shown("quo_eyJtb2RlbCI6ImxvY2FsL3NrZXRjaCJ9.c2lnbmF0dXJl", maxLength=4096)]
    """Send it with the generation to pay this price and no other."""
    credits: Annotated[Credits, shown(15)]
    """What the generation would reserve."""
    breakdown: Annotated[str, shown("3 images of 5 credits")]
    """How the price comes about, in words."""
    expires_at: Moment
    """Until when the price holds."""

    @classmethod
    def of(cls, quote: domain.Quote) -> Self:
        """Show a quote."""
        return cls(
            quote_id=quote.quote_id,
            credits=quote.credits,
            breakdown=quote.breakdown,
            expires_at=quote.expires_at,
        )
