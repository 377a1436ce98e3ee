"""What is left once providers are paid."""

from datetime import date
from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, ModelId, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import margin as domain

Micros = Annotated[int, shown(12_000, says="Money in millionths of a US dollar.")]


class Margin(Answer):
    """Everybody's tries put together, with what providers cost beside what users were charged."""

    day: Annotated[date | None, shown("2026-01-31")]
    """In UTC, by when tries began; null unless they are put together by it, and so are the next two."""
    model: ModelId | None
    """Null unless asked for."""
    provider: Annotated[str | None, shown("local")]
    """Null unless asked for."""
    attempts: Annotated[int, shown(12, minimum=0)]
    """Tries, those that failed too."""
    credits: Annotated[Credits, shown(60)]
    """What users were charged."""
    revenue_usd_micros: Annotated[Micros, shown(600_000)]
    """The same in money: a credit counts as a cent, whatever its buyer paid."""
    cost_usd_micros: Annotated[Micros, shown(36_000)]
    """What providers cost, as far as anybody says."""
    margin_usd_micros: Annotated[Micros, shown(564_000)]
    """What is left; below zero, what is missing."""
    unknown_costs: Annotated[int, shown(0, minimum=0)]
    """Tries that a provider may have billed without anybody's saying so."""

    @classmethod
    def of(cls, margin: domain.Margin) -> Self:
        """Show a group."""
        return cls(
            day=margin.day,
            model=margin.model_id,
            provider=margin.provider,
            attempts=margin.attempts,
            credits=margin.credits,
            revenue_usd_micros=margin.revenue_usd_micros,
            cost_usd_micros=margin.cost_usd_micros,
            margin_usd_micros=margin.usd_micros,
            unknown_costs=margin.unknown_costs,
        )


class MarginList(Whole[Margin]):
    """All groups, at most a thousand."""
