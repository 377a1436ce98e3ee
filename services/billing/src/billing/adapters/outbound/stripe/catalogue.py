"""Packs and plans as Stripe's products and prices."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import stripe

from billing.adapters.outbound.stripe.errors import answered, cannot_sell
from billing.domain.errors import PriceChanged, UnknownToProcessor
from billing.domain.identifiers import ArticleId
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.plan import Plan
from billing.domain.processor_price import ProcessorPrice
from billing.domain.standing import BillingInterval

PRODUCT_PREFIX, PLAN_PREFIX = "tintype_", "tintype_plan_"
_PRICES_MAX = 100
# Stripe takes no more lookup keys at once.
_KEYS_MAX = 10
_REMEDY = "run `python -m billing publish-catalogue`"


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """One price of a product; without an interval it is paid once."""

    product_id: str
    lookup_key: str
    price_minor: int
    currency: str
    interval: BillingInterval | None = None

    def fits(self, price: stripe.Price) -> bool:
        interval = price.recurring.interval if price.recurring else None
        is_single = price.recurring is None or price.recurring.interval_count == 1
        return (price.unit_amount, interval) == (self.price_minor, self.interval) and is_single


class StripeCatalogue:
    """A pack or plan is one product with an id of ours; a lookup key names each price that is sold now."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Have the product and a price with the pack's terms on sale, whatever was done to them."""
        offer = _Offer(
            product_id=PRODUCT_PREFIX + pack.pack_id,
            lookup_key=pack.price_name,
            price_minor=pack.price_minor,
            currency=pack.currency,
        )
        return await self._publish(offer.product_id, pack, [offer])

    async def publish_plan(self, plan: Plan) -> Sequence[CatalogueChange]:
        """Have the product and a recurring price with the terms of each interval on sale."""
        product_id = PLAN_PREFIX + plan.plan_id
        offers = [
            _Offer(
                product_id=product_id,
                lookup_key=price.price_name,
                price_minor=price.price_minor,
                currency=price.currency,
                interval=price.interval,
            )
            for price in plan.prices
        ]
        return await self._publish(product_id, plan, offers)

    async def _publish(
        self, product_id: str, sold: Pack | Plan, offers: Sequence[_Offer]
    ) -> list[CatalogueChange]:
        changes = await self._product_on_sale(product_id, title=sold.title, description=sold.description)
        for offer in offers:
            changes += await self._price_on_sale(offer)
            # Read back: what is said to be published is on sale.
            await self.price_on_sale(offer.lookup_key, price_minor=offer.price_minor, currency=offer.currency)
        return changes

    async def prices_of(self, lookup_keys: Collection[str]) -> Mapping[str, ProcessorPrice]:
        """Return the prices that have these lookup keys now, archived ones too: they keep theirs."""
        found: dict[str, ProcessorPrice] = {}
        keys = sorted(lookup_keys)
        for start in range(0, len(keys), _KEYS_MAX):
            some = keys[start : start + _KEYS_MAX]
            asked: Any = {"lookup_keys": some, "limit": _KEYS_MAX, "expand": ["data.product"]}
            prices = (await answered(self._client.v1.prices.list_async(asked))).data
            found |= {
                price.lookup_key: _seen(price, price.lookup_key) for price in prices if price.lookup_key
            }
        return found

    async def ids_on_sale(self, lookup_keys: Collection[str]) -> list[str]:
        """Return the prices of those lookup keys that are on sale, in their order, whatever they cost."""
        found = {key: await self._find(key) for key in lookup_keys}
        return [price.id for price in found.values() if price is not None and _is_on_sale(price)]

    async def price_on_sale(self, lookup_key: str, *, price_minor: int, currency: str) -> str:
        """Return the price of a lookup key. Raises PriceChanged, PaymentProcessorMisconfigured."""
        price = await self._find(lookup_key)
        if price is None:
            raise cannot_sell(f"no price {lookup_key!r} is on sale: {_REMEDY}")
        if not _is_on_sale(price):
            raise cannot_sell(f"the product of {lookup_key!r} is archived: {_REMEDY}")
        if (price.unit_amount, price.currency) != (price_minor, currency):
            raise PriceChanged("it costs something else by now: look at its price again")
        return price.id

    async def _find(self, lookup_key: str) -> stripe.Price | None:
        asked: Any = {"lookup_keys": [lookup_key], "active": True, "limit": 1, "expand": ["data.product"]}
        found = (await answered(self._client.v1.prices.list_async(asked))).data
        return found[0] if found else None

    async def _product_on_sale(
        self, product_id: str, *, title: str, description: str
    ) -> list[CatalogueChange]:
        products = self._client.v1.products
        try:
            known = await answered(products.retrieve_async(product_id))
        except UnknownToProcessor:
            texts: Any = {"id": product_id, "name": title, "description": description}
            await answered(products.create_async(texts))
            return [CatalogueChange.PRODUCT_CREATED]
        changes, values = list[CatalogueChange](), dict[str, Any]()
        if (known.name, known.description or "") != (title, description):
            changes.append(CatalogueChange.PRODUCT_UPDATED)
            values |= {"name": title, "description": description}
        if not known.active:
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
            values["active"] = True
        if values:
            change: Any = values
            await answered(products.update_async(product_id, change))
        return changes

    async def _price_on_sale(self, offer: _Offer) -> list[CatalogueChange]:
        """Put the lookup key on a price with the offer's terms: one that is there, or a new one."""
        asked: Any = {"product": offer.product_id, "currency": offer.currency, "limit": _PRICES_MAX}
        prices = (await answered(self._client.v1.prices.list_async(asked))).data
        fitting = [price for price in prices if offer.fits(price)]
        labels: Any = {"lookup_key": offer.lookup_key, "transfer_lookup_key": True, "active": True}
        if not fitting:
            labels |= {
                "product": offer.product_id,
                "unit_amount": offer.price_minor,
                "currency": offer.currency,
            }
            if offer.interval:
                labels["recurring"] = {"interval": offer.interval.value}
            await answered(self._client.v1.prices.create_async(labels))
            return [CatalogueChange.PRICE_CREATED]
        # The one that has the key before one that was archived: the fewest changes.
        price = max(fitting, key=lambda price: (price.lookup_key == offer.lookup_key, price.active))
        changes: list[CatalogueChange] = []
        if price.lookup_key != offer.lookup_key:
            changes.append(CatalogueChange.PRICE_NAME_MOVED)
        if not price.active:
            changes.append(CatalogueChange.PRICE_UNARCHIVED)
        if changes:
            await answered(self._client.v1.prices.update_async(price.id, labels))
        return changes


def _is_on_sale(price: stripe.Price) -> bool:
    """Whether price and product are there to be sold: archiving a product leaves its prices active."""
    return price.active and isinstance(price.product, stripe.Product) and price.product.active


def _seen(price: stripe.Price, lookup_key: str) -> ProcessorPrice:
    """Return a price as we can sell by it: a whole number, once or each month or year."""
    recurring = price.recurring
    by = recurring.interval if recurring else None
    interval = next((known for known in BillingInterval if known == by), None)
    is_known = recurring is None or (interval is not None and recurring.interval_count == 1)
    product = price.product
    return ProcessorPrice(
        price_name=lookup_key,
        article_id=ArticleId(product if isinstance(product, str) else product.id),
        price_minor=price.unit_amount or 0,
        currency=price.currency,
        interval=interval,
        is_on_sale=_is_on_sale(price) and is_known and price.unit_amount is not None,
    )
