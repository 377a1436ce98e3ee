"""Use case: show a user what they bought, and what became of its money."""

from dataclasses import dataclass

from billing.application.bounds import page_size, require_text
from billing.domain.errors import InvalidField
from billing.domain.identifiers import PurchaseId, UserId
from billing.domain.purchase_standing import PurchaseStanding
from billing.ports.unit_of_work import BillingReader


@dataclass(frozen=True, kw_only=True)
class ListPurchases:
    """One page of a user's purchases, before an id of the page before; a limit of 0 is the default."""

    user_id: UserId
    before: PurchaseId | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class PurchasePage:
    """Purchases, newest first, and the id to go on before, if there are more."""

    purchases: list[PurchaseStanding]
    next_before: PurchaseId | None


@dataclass(frozen=True)
class ListPurchasesHandler:
    """Reads what is committed, page by page."""

    reader: BillingReader

    async def __call__(self, command: ListPurchases) -> PurchasePage:
        """Return one page of this user's purchases. Raises InvalidField for an id that is none of theirs."""
        require_text("user_id", command.user_id)
        if command.before is not None:
            require_text("page_token", command.before)
        size = page_size(command.limit)
        found = await self.reader.purchases(command.user_id, before=command.before, limit=size + 1)
        if found is None:
            raise InvalidField("page_token", "is not from a page before")
        page = found[:size]
        last = page[-1].purchase.purchase_id if len(found) > size else None
        return PurchasePage(purchases=page, next_before=last)
