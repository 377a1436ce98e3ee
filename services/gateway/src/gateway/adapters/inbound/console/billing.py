"""`/billing`: balance, packs, purchases and the complete balance history."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.checkout import returned_from
from gateway.adapters.inbound.console.page import HtmlRoute, Session, fragment, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count, per_user
from gateway.application.open_checkout import OpenCheckout
from gateway.domain.console_session import ConsoleSession
from gateway.domain.credits import EntryFilter
from gateway.domain.errors import Conflict, GatewayError
from gateway.domain.identifiers import PackId
from gateway.domain.purchase import Checkout
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
HISTORY_SIZE = 20
PURCHASES_SIZE = 10
Cursor = Annotated[str | None, Query(max_length=500)]


@router.get("/billing", dependencies=[per_user(Limit.READS)])
async def billing(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    cursor: Cursor = None,
    checkout: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """Everything about credits on one page; `cursor` goes on in the history.

    `checkout` names the one that the person comes back from.
    """
    returned = await returned_from(checkout, deps, session)
    return await _page(request, deps, session, cursor=cursor, returned=returned)


@router.post("/billing/checkout")
async def checkout(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    pack: Annotated[str, Form(max_length=64)],
    key: Annotated[str, Form(min_length=1, max_length=128)],
) -> Response:
    """Open the payment page for a pack and go there."""
    try:
        await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
        opened, _ = await deps.open_checkout(
            OpenCheckout(buyer=session.principal(), pack_id=PackId(pack), idempotency_key=f"{key}:{pack}"),
        )
        if opened.url is None:
            raise Conflict("That checkout is over. Press the button again to start another.")
    except GatewayError as refusal:
        return await _page(request, deps, session, cursor=None, refusal=refusal)
    return RedirectResponse(opened.url, status_code=303)


@router.get("/console/balance", dependencies=[per_user(Limit.READS)])
async def balance(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show the balance in the sidebar: a fragment that is swapped in when the ledger tells a change."""
    return fragment(request, "balance.html", balance=await deps.ledger.balance(session.user_id))


@router.get("/console/history", dependencies=[per_user(Limit.READS)])
async def history(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show the newest part of the balance history, and the balance: swapped in when it changes."""
    page = await deps.ledger.entries(session.user_id, EntryFilter(), cursor=None, limit=HISTORY_SIZE)
    purchases = await deps.billing.purchases(session.user_id, cursor=None, limit=PURCHASES_SIZE)
    return fragment(
        request,
        "history.html",
        entries=page.items,
        next_cursor=page.next_cursor,
        is_first=True,
        purchases=purchases.items,
        balance=await deps.ledger.balance(session.user_id),
    )


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    cursor: str | None,
    refusal: GatewayError | None = None,
    returned: Checkout | None = None,
) -> Response:
    history = await deps.ledger.entries(session.user_id, EntryFilter(), cursor=cursor, limit=HISTORY_SIZE)
    purchases = await deps.billing.purchases(session.user_id, cursor=None, limit=PURCHASES_SIZE)
    return await show(
        request,
        "billing.html",
        session=session,
        refusal=refusal,
        checkout=returned,
        packs=await deps.billing.packs(),
        purchases=purchases.items,
        entries=history.items,
        next_cursor=history.next_cursor,
        is_first=cursor is None,
        key=deps.secrets.new(),
    )
