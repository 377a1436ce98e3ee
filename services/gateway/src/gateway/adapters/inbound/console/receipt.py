"""`/billing/receipts/{payment}`: one purchase, to print."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.domain.errors import NotFound
from gateway.domain.identifiers import UserId
from gateway.domain.page import LIMIT_MAX
from gateway.domain.purchase import Purchase
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
# Nobody has bought more often, and nobody's address makes us read for ever.
PAGES_MAX = 20


@router.get("/billing/receipts/{payment}", dependencies=[per_user(Limit.READS)])
async def receipt(request: Request, deps: CurrentDeps, session: Session, payment: str) -> Response:
    """Show what was bought with a payment of this person's, and what of it went back."""
    return await show(
        request, "receipt.html", session=session, purchase=await _bought(deps, session.user_id, payment)
    )


async def _bought(deps: Deps, user_id: UserId, payment: str) -> Purchase:
    """Return the purchase of a payment. Raises NotFound for one that is not this person's."""
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        page = await deps.billing.purchases(user_id, cursor=cursor, limit=LIMIT_MAX)
        for purchase in page.items:
            if purchase.payment_id == payment:
                return purchase
        cursor = page.next_cursor
        if cursor is None:
            break
    raise NotFound(gettext_noop("There is no such purchase."))
