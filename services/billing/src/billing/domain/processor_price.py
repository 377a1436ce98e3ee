"""Prices as the payment processor has them: what people see and pay."""

from dataclasses import dataclass

from billing.domain.identifiers import ArticleId
from billing.domain.standing import BillingInterval


@dataclass(frozen=True, kw_only=True)
class ProcessorPrice:
    """What the payment processor asks under a price's name, in minor units of its currency.

    Not on sale: withdrawn there, or of a kind that we can't sell by, such as one that the buyer chooses.
    """

    price_name: str
    # What it is asked for, by the processor's id.
    article_id: ArticleId
    price_minor: int
    currency: str
    # None: it is paid once.
    interval: BillingInterval | None = None
    is_on_sale: bool

    def is_asked(self, interval: BillingInterval | None) -> bool:
        """Whether something can be bought at it, by that interval or once; nothing is sold for nothing."""
        return self.is_on_sale and self.price_minor > 0 and self.interval is interval
