"""A signed price."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, Moment, shown
from gateway.domain import generation as domain


class PriceLine(Answer):
    """A part of a price."""

    quantity: Annotated[float, shown(3, 1.048576, minimum=0)]
    """How many units; of megapixels a fraction."""
    unit: Annotated[str, shown("image")]
    """What is counted, as in the model's `pricing`."""
    credits_per_unit: Credits
    """What `per_units` of them cost here."""
    per_units: Annotated[int, shown(1, 1000, minimum=1)]
    """How many units that buys."""
    credits: Annotated[Credits, shown(15)]
    """What the line comes to, rounded up; the lines add up to the price."""
    tier: Annotated[str | None, shown(None, "resolution 1080p")]
    """Which of the model's tiers the input is of; null for none."""


class Quote(Answer):
    """A signed price for one exact input."""

    quote_id: Annotated[str, shown("quo_eyJtb2RlbCI6ImxvY2FsL3NrZXRjaCJ9.c2lnbmF0dXJl", maxLength=4096)]
    """Send it with the generation to pay this price and no other."""
    credits: Annotated[Credits, shown(15)]
    """What the generation would reserve."""
    breakdown: Annotated[str, shown("3 images of 5 credits")]
    """How the price comes about, in words."""
    lines: list[PriceLine]
    """How the price comes about, in numbers."""
    expires_at: Moment
    """Until when the price holds."""

    @classmethod
    def of(cls, quote: domain.Quote) -> Self:
        """Show a quote."""
        return cls(
            quote_id=quote.quote_id,
            credits=quote.credits,
            breakdown=quote.breakdown,
            lines=[
                PriceLine(
                    quantity=line.quantity,
                    unit=line.unit,
                    credits_per_unit=line.credits_per_unit,
                    per_units=line.per_units,
                    credits=line.credits,
                    tier=line.tier,
                )
                for line in quote.lines
            ],
            expires_at=quote.expires_at,
        )
