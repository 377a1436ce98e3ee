"""Use case: see what the payment processor asks for what is sold.

Webhooks and a loop both end here, so that a lost webhook costs a minute and nothing else.
"""

from dataclasses import dataclass, replace

import structlog

from billing.domain.catalogue import Catalogue
from billing.domain.errors import BillingError
from billing.domain.identifiers import ArticleId
from billing.domain.processor_price import ProcessorPrice
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RefreshPricesHandler:
    """Every price is read at once, and what was asked about later counts: no order of webhooks matters."""

    units: UnitsOfWork
    processor: PaymentProcessor
    offered: Catalogue
    clock: Clock

    async def __call__(self, article_id: ArticleId | None = None) -> bool:
        """Write down what is asked now; return whether a product is of ours.

        Raises PaymentProcessorUnavailable and PaymentProcessorMisconfigured: then what was seen last stays.
        """
        asked_at = self.clock.now()
        names = self.offered.price_names
        seen = await self.processor.prices_of(names)
        async with self.units.of_system() as work:
            known = await work.processor_prices()
            # Others' names stay as they are: a newer release may sell more.
            gone = {name: _withdrawn(known[name]) for name in names if name in known and name not in seen}
            current = {**gone, **seen}
            await work.save_processor_prices(list(current.values()), asked_at=asked_at)
        for name, price in current.items():
            if (before := known.get(name)) is not None and before != price:
                log.info(
                    "a price changed at the payment processor",
                    price_name=name,
                    price_minor=price.price_minor,
                    currency=price.currency,
                    is_on_sale=price.is_on_sale,
                )
        return article_id in {price.article_id for price in (*known.values(), *seen.values())}

    async def look_again(self) -> None:
        """Write down what is asked now, because something seen turned out wrong; later, if that fails."""
        try:
            await self()
        except BillingError as failure:
            log.warning("prices can't be asked about now", error=repr(failure))


def _withdrawn(price: ProcessorPrice) -> ProcessorPrice:
    """Return what was seen before as it is when the processor has it no more."""
    return replace(price, is_on_sale=False)
