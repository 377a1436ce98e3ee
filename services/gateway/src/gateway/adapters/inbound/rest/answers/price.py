"""What something costs."""

from typing import Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Currency, Minor
from gateway.domain import price as domain


class Price(Answer):
    """What something costs."""

    price_minor: Minor
    """The price, in the currency's smallest unit."""
    currency: Currency

    @classmethod
    def of(cls, price: domain.Price) -> Self:
        """Show a price."""
        return cls(price_minor=price.price_minor, currency=price.currency)
