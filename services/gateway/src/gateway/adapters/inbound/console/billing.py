"""`/billing`: balance, packs, what credits went to, purchases and the complete balance history."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import StringConstraints

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.auto_top_up import (
    Typed,
    auto_top_up_of,
    for_people,
    shown,
    wish_of,
)
from gateway.adapters.inbound.console.checkout import SeenPrice, for_buyers, returned_from
from gateway.adapters.inbound.console.history import CHOICES, EVERYTHING, Choice, chosen
from gateway.adapters.inbound.console.invitations import invitation_of
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, fragment, go
from gateway.adapters.inbound.console.page import show as show_page
from gateway.adapters.inbound.console.plans import own_plan
from gateway.adapters.inbound.console.templates import zone_of
from gateway.adapters.inbound.console.usage import PERIODS, USUAL, Period, UsageReport, bounds_of, report_of
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count, per_user
from gateway.application.open_checkout import OpenCheckout
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, FieldProblem, GatewayError, InvalidRequest
from gateway.domain.identifiers import PackId
from gateway.domain.purchase import Checkout
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
HISTORY_SIZE = 20
PURCHASES_SIZE = 10
# Of one form.
PACKS_MAX = 100
CODE_PROBLEMS = {
    "INVALID_CODE": gettext_noop("A code has 4 to 40 letters or digits, perhaps with a - between them."),
    "UNKNOWN_PROMOTION": gettext_noop("There is no such code. Look at it once more: is every letter right?"),
    "PROMOTION_ENDED": gettext_noop(
        "This code is over: it has expired, or everybody it was for has used it."
    ),
    "PROMOTION_REDEEMED_BEFORE": gettext_noop("You have used this code before. Its credits came then."),
}
SeenPack = Annotated[str, StringConstraints(max_length=100)]
Cursor = Annotated[str | None, Query(max_length=500)]
Word = Annotated[str | None, Query(max_length=16)]


@router.get("/billing", dependencies=[per_user(Limit.READS)])
async def billing(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    cursor: Cursor = None,
    checkout: Annotated[str | None, Query(max_length=255)] = None,
    show: Word = None,
    period: Word = None,
) -> Response:
    """Everything about credits on one page; `cursor` goes on in the history, of which `show` chooses lines.

    `checkout` names the one that the person comes back from, `period` the time that usage is summed over.
    """
    returned = await returned_from(checkout, deps, session)
    return await _page(
        request, deps, session, cursor=cursor, returned=returned, choice=chosen(show), period=period
    )


@router.post("/billing/checkout")
async def checkout(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    pack: Annotated[str, Form(max_length=64)],
    key: Annotated[str, Form(min_length=1, max_length=128)],
    seen: SeenPrice,
) -> Response:
    """Open the payment page for a pack and go there, at the price that the button was beside."""
    try:
        await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
        opened, _ = await deps.open_checkout(
            OpenCheckout(
                buyer=session.principal(),
                pack_id=PackId(pack),
                expected_price=seen,
                idempotency_key=f"{key}:{pack}",
            ),
        )
        if opened.url is None:
            raise Conflict("That checkout is over. Press the button again to start another.")
    except GatewayError as refusal:
        return await _page(request, deps, session, refusal=for_buyers(request, refusal))
    return RedirectResponse(opened.url, status_code=303)


@router.post("/billing/redeem")
async def redeem(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    key: Annotated[str, Form(min_length=1, max_length=128)],
    code: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Redeem a code; what is wrong with it stands beside it."""
    try:
        await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
        await deps.billing.redeem_promotion(session.user_id, code=code, idempotency_key=key)
    except GatewayError as refusal:
        said = CODE_PROBLEMS.get("INVALID_CODE" if refusal.fields else refusal.reason)
        if said is not None:
            wrong = language_of(request).say(said)
            refusal = InvalidRequest(wrong, fields=[FieldProblem("code", wrong)])
        return await _page(request, deps, session, refusal=refusal, code=code)
    return go("/billing", note="redeemed")


@router.post("/billing/auto-top-up")
async def auto_top_up(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    turn: Annotated[Literal["on", "off"], Form()],
    threshold_credits: Annotated[str, Form(max_length=32)] = "",
    pack: Annotated[str, Form(max_length=64)] = "",
    monthly_purchases_max: Annotated[str, Form(max_length=32)] = "",
    seen: Annotated[list[SeenPack] | None, Form(max_length=PACKS_MAX)] = None,
) -> Response:
    """Have packs bought by themselves, or not any more; what is wrong stands beside its field."""
    typed = Typed(
        threshold_credits=threshold_credits,
        pack=pack,
        monthly_purchases_max=monthly_purchases_max,
        seen=seen or (),
    )
    try:
        await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
        await deps.set_auto_top_up(session.user_id, wish_of(request, typed, is_on=turn == "on"))
    except GatewayError as refusal:
        return await _page(request, deps, session, refusal=for_people(request, refusal), typed=typed)
    return go("/billing", note=f"top-up-{turn}")


@router.get("/console/balance", dependencies=[per_user(Limit.READS)])
async def balance(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show the balance in the sidebar: a fragment that is swapped in when the ledger tells a change."""
    return fragment(request, "balance.html", balance=await deps.ledger.balance(session.user_id), is_news=True)


@router.get("/console/wallet", dependencies=[per_user(Limit.READS)])
async def wallet(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show what the person has: swapped in when it changes."""
    return fragment(request, "wallet.html", balance=await deps.ledger.balance(session.user_id))


@router.get("/console/history", dependencies=[per_user(Limit.READS)])
async def history(request: Request, deps: CurrentDeps, session: Session, show: Word = None) -> Response:
    """Show purchases and the newest part of the balance history: swapped in when it changes."""
    return fragment(request, "history.html", **await _lines(deps, session, cursor=None, choice=chosen(show)))


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    cursor: str | None = None,
    refusal: GatewayError | None = None,
    returned: Checkout | None = None,
    choice: Choice = EVERYTHING,
    period: str | None = None,
    code: str = "",
    typed: Typed | None = None,
) -> Response:
    spent = PERIODS.get(period or "", USUAL)
    usage, lines, packs, invitation, own, top_up = await asyncio.gather(
        _usage(request, deps, session, spent),
        _lines(deps, session, cursor=cursor, choice=choice),
        deps.billing.packs(),
        invitation_of(deps, session.user_id),
        own_plan(deps, session),
        auto_top_up_of(deps, session.user_id),
    )
    return await show_page(
        request,
        "billing.html",
        session=session,
        refusal=refusal,
        checkout=returned,
        packs=packs,
        invitation=invitation,
        own=own,
        usage=usage,
        chosen_period=spent,
        periods=PERIODS.values(),
        key=deps.secrets.new(),
        code=code,
        top_up=top_up,
        top_up_form=shown(top_up, typed),
        **lines,
    )


async def _lines(
    deps: Deps, session: ConsoleSession, *, cursor: str | None, choice: Choice
) -> dict[str, Any]:
    """Return what history.html shows."""
    page, purchases = await asyncio.gather(
        deps.ledger.entries(session.user_id, choice.lines, cursor=cursor, limit=HISTORY_SIZE),
        deps.billing.purchases(session.user_id, cursor=None, limit=PURCHASES_SIZE),
    )
    return {
        "entries": page.items,
        "next_cursor": page.next_cursor,
        "is_first": cursor is None,
        "choices": CHOICES.values(),
        "chosen": choice.word,
        "purchases": purchases.items,
    }


async def _usage(request: Request, deps: Deps, session: ConsoleSession, period: Period) -> UsageReport | None:
    """Return what credits went to; None when generation can't say, which hides nothing else of the page."""
    now, zone = deps.clock.now(), zone_of(request)
    try:
        usage, models = await asyncio.gather(
            deps.generations.usage(session.user_id, bounds=bounds_of(period, now=now, zone=zone)),
            deps.generations.models(),
        )
    except GatewayError:
        return None
    return report_of(period, usage, models=models, now=now, zone=zone, language=language_of(request))
