"""Packs as Polar's products: one a pack, found by the name of its price in the metadata."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from polar.v2026_10 import PolarAsync, outputs

from billing.adapters.outbound.polar.errors import answered, cannot_sell
from billing.domain.errors import PriceChanged
from billing.domain.identifiers import ArticleId
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.processor_price import ProcessorPrice

PRICE_NAME = "price_name"
_PRODUCTS_MAX = 100
_REMEDY = "run `python -m billing publish-catalogue`"


class PolarCatalogue:
    """Polar gives ids of its own: what carries our price's name is ours."""

    def __init__(self, client: PolarAsync) -> None:
        self._client = client

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Have the product on sale at the pack's price, whatever was done to it."""
        known = await self._find(pack.price_name)
        price: Any = {
            "amount_type": "fixed",
            "price_amount": pack.price_minor,
            "price_currency": pack.currency,
        }
        if known is None:
            await answered(
                self._client.products.create(
                    name=pack.title,
                    description=pack.description,
                    prices=[price],
                    metadata={PRICE_NAME: pack.price_name},
                )
            )
            changes = [CatalogueChange.PRODUCT_CREATED, CatalogueChange.PRICE_CREATED]
        else:
            changes = await self._repair(known, pack, price)
        # Read back: what is said to be published is on sale.
        await self.product_on_sale(pack.price_name, price_minor=pack.price_minor, currency=pack.currency)
        return changes

    async def prices_of(self, price_names: Collection[str]) -> Mapping[str, ProcessorPrice]:
        """Return what the products of these names cost."""
        found = {name: await self._find(name) for name in price_names}
        return {name: _seen(product, name) for name, product in found.items() if product is not None}

    async def product_on_sale(self, price_name: str, *, price_minor: int, currency: str) -> str:
        """Return the product to sell. Raises PriceChanged, PaymentProcessorMisconfigured."""
        known = await self._find(price_name)
        if known is None:
            raise cannot_sell(f"no product named {price_name!r} is on sale: {_REMEDY}")
        if known.is_archived:
            raise cannot_sell(f"the product of {price_name!r} is archived: {_REMEDY}")
        if not _costs(known, price_minor, currency):
            raise PriceChanged("it costs something else by now: look at its price again")
        return known.id

    async def _find(self, price_name: str) -> outputs.Product | None:
        """Return the product of a name. Of several, made by two at once, it is always the same one."""
        asked: Any = {"metadata": {PRICE_NAME: price_name}, "sorting": ["created_at"]}
        found = (await answered(self._client.products.list(limit=_PRODUCTS_MAX, **asked))).items
        ours = [product for product in found if not product.is_recurring]
        return min(ours, key=lambda product: (product.is_archived, product.created_at), default=None)

    async def _repair(self, known: outputs.Product, pack: Pack, price: Any) -> list[CatalogueChange]:
        changes, values = list[CatalogueChange](), dict[str, Any]()
        if (known.name, known.description or "") != (pack.title, pack.description):
            changes.append(CatalogueChange.PRODUCT_UPDATED)
            values |= {"name": pack.title, "description": pack.description}
        if known.is_archived:
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
            values["is_archived"] = False
        if not _costs(known, pack.price_minor, pack.currency):
            changes.append(CatalogueChange.PRICE_CREATED)
            # Prices that are not named any more are archived.
            values["prices"] = [price]
        if values:
            await answered(self._client.products.update(known.id, **values))
        return changes


def _seen(product: outputs.Product, price_name: str) -> ProcessorPrice:
    """Return a product as we can sell it: at one fixed price."""
    fixed = [price for price in product.prices if isinstance(price, outputs.ProductPriceFixed)]
    price = next((price for price in fixed if not price.is_archived), None)
    return ProcessorPrice(
        price_name=price_name,
        article_id=ArticleId(product.id),
        price_minor=price.price_amount if price else 0,
        currency=price.price_currency if price else "usd",
        is_on_sale=price is not None
        and not product.is_archived
        and _costs(product, price.price_amount, price.price_currency),
    )


def _costs(product: outputs.Product, price_minor: int, currency: str) -> bool:
    """Whether it is sold at one fixed price, this one."""
    return [
        (price.price_amount, price.price_currency)
        for price in product.prices
        if isinstance(price, outputs.ProductPriceFixed) and not price.is_archived
    ] == [(price_minor, currency)] and len(product.prices) == 1
