"""Packs: quantities of credits on sale."""

from dataclasses import dataclass
from enum import StrEnum

from billing.domain.identifiers import PackId


@dataclass(frozen=True, kw_only=True)
class Pack:
    """What a pack grants and costs, and how it is shown. Money is in minor units of its currency."""

    pack_id: PackId
    credits: int
    price_minor: int
    currency: str
    # The name under which the payment processor knows the price.
    price_name: str
    title: str
    description: str
    badge: str | None = None


class CatalogueChange(StrEnum):
    """What had to be done at the payment processor to have a pack or a plan on sale."""

    PRODUCT_CREATED = "product created"
    PRODUCT_UPDATED = "product updated"
    PRODUCT_UNARCHIVED = "product unarchived"
    PRICE_CREATED = "price created"
    PRICE_UNARCHIVED = "price unarchived"
    PRICE_NAME_MOVED = "name moved to the price"
