"""Packs as Stripe's products and prices."""

from collections.abc import Sequence
from typing import Any

import stripe

from billing.adapters.outbound.stripe.errors import answered, cannot_sell
from billing.domain.errors import UnknownToProcessor
from billing.domain.pack import CatalogueChange, Pack

PRODUCT_PREFIX = "tintype_"
_PRICES_MAX = 100
_REMEDY = "run `python -m billing publish-catalogue`"


class StripeCatalogue:
    """A pack is one product with an id of ours; its name is the lookup key of the price that is sold now."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Have the product and a price with the pack's terms on sale, whatever was done to them."""
        changes = [*await self._product_on_sale(pack), *await self._price_on_sale(pack)]
        # Read back: what is said to be published is on sale.
        await self.price_on_sale(pack.price_name, price_minor=pack.price_minor, currency=pack.currency)
        return changes

    async def price_on_sale(self, lookup_key: str, *, price_minor: int, currency: str) -> str:
        """Return the price of a lookup key. Raises PaymentProcessorMisconfigured unless it can be sold so."""
        asked: Any = {"lookup_keys": [lookup_key], "active": True, "limit": 1, "expand": ["data.product"]}
        found = (await answered(self._client.v1.prices.list_async(asked))).data
        if not found:
            raise cannot_sell(
                f"no price {lookup_key!r} is on sale: run `python -m billing publish-catalogue`"
            )
        product = found[0].product
        # Archiving a product leaves its prices active.
        if not isinstance(product, stripe.Product) or not product.active:
            raise cannot_sell(f"the product of {lookup_key!r} is archived: {_REMEDY}")
        if (found[0].unit_amount, found[0].currency) != (price_minor, currency):
            raise cannot_sell(f"{lookup_key!r} has another price than the catalogue: {_REMEDY}")
        return found[0].id

    async def _product_on_sale(self, pack: Pack) -> list[CatalogueChange]:
        products, product_id = self._client.v1.products, PRODUCT_PREFIX + pack.pack_id
        try:
            known = await answered(products.retrieve_async(product_id))
        except UnknownToProcessor:
            texts: Any = {"id": product_id, "name": pack.title, "description": pack.description}
            await answered(products.create_async(texts))
            return [CatalogueChange.PRODUCT_CREATED]
        changes, values = list[CatalogueChange](), dict[str, Any]()
        if (known.name, known.description or "") != (pack.title, pack.description):
            changes.append(CatalogueChange.PRODUCT_UPDATED)
            values |= {"name": pack.title, "description": pack.description}
        if not known.active:
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
            values["active"] = True
        if values:
            change: Any = values
            await answered(products.update_async(product_id, change))
        return changes

    async def _price_on_sale(self, pack: Pack) -> list[CatalogueChange]:
        """Put the lookup key on a price with the pack's terms: one that is there, or a new one."""
        product_id = PRODUCT_PREFIX + pack.pack_id
        asked: Any = {"product": product_id, "currency": pack.currency, "limit": _PRICES_MAX}
        prices = (await answered(self._client.v1.prices.list_async(asked))).data
        fitting = [
            price for price in prices if price.type == "one_time" and price.unit_amount == pack.price_minor
        ]
        labels: Any = {"lookup_key": pack.price_name, "transfer_lookup_key": True, "active": True}
        if not fitting:
            labels |= {"product": product_id, "unit_amount": pack.price_minor, "currency": pack.currency}
            await answered(self._client.v1.prices.create_async(labels))
            return [CatalogueChange.PRICE_CREATED]
        # The one that has the key before one that was archived: the fewest changes.
        price = max(fitting, key=lambda price: (price.lookup_key == pack.price_name, price.active))
        changes: list[CatalogueChange] = []
        if price.lookup_key != pack.price_name:
            changes.append(CatalogueChange.PRICE_NAME_MOVED)
        if not price.active:
            changes.append(CatalogueChange.PRICE_UNARCHIVED)
        if changes:
            await answered(self._client.v1.prices.update_async(price.id, labels))
        return changes
