"""Use cases that only read: packs, purchases."""

from dataclasses import dataclass

from billing.application.bounds import page_size, require_text
from billing.domain.errors import InvalidField
from billing.domain.pack import Catalogue, Pack
from billing.domain.purchase_standing import PurchaseStanding
from billing.ports.unit_of_work import BillingReader


@dataclass(frozen=True, kw_only=True)
class PurchasePage:
    """Purchases, newest first, and the id to go on before, if there are more."""

    purchases: list[PurchaseStanding]
    next_before: str


class ReadBillingHandler:
    """Answers questions about the catalogue and about one user."""

    def __init__(self, reader: BillingReader, catalogue: Catalogue) -> None:
        self._reader = reader
        self._catalogue = catalogue

    def packs(self) -> tuple[Pack, ...]:
        """Return the packs on sale, in the order in which they are shown."""
        return self._catalogue.packs

    async def purchases(self, user_id: str, *, before: str, limit: int) -> PurchasePage:
        """Return one page of this user's purchases. Raises InvalidField for an id that is none of theirs."""
        require_text("user_id", user_id)
        if before:
            require_text("page_token", before)
        size = page_size(limit)
        found = await self._reader.purchases(user_id, before=before, limit=size + 1)
        if found is None:
            raise InvalidField("page_token", "is not from a page before")
        page = found[:size]
        last = page[-1].purchase.purchase_id if len(found) > size else ""
        return PurchasePage(purchases=page, next_before=last)
