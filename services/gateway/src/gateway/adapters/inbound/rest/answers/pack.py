"""A pack on sale."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, Currency, Minor, PackId, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import purchase as domain


class Pack(Answer):
    """A quantity of credits on sale."""

    id: PackId
    title: Annotated[str, shown("Starter")]
    """A name for people."""
    description: Annotated[str, shown("A thousand credits that never expire.")]
    """A sentence for people."""
    credits: Annotated[Credits, shown(1000)]
    """What its buyer gets."""
    price_minor: Minor
    """The price, in the currency's smallest unit."""
    currency: Currency
    badge: Annotated[str | None, shown(None, "Popular")]
    """A word to show beside it."""

    @classmethod
    def of(cls, pack: domain.Pack) -> Self:
        """Show a pack."""
        return cls(
            id=pack.pack_id,
            title=pack.title,
            description=pack.description,
            credits=pack.credits,
            price_minor=pack.price_minor,
            currency=pack.currency,
            badge=pack.badge or None,
        )


class PackList(Whole[Pack]):
    """All packs."""
