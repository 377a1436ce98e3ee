"""`/admin`: what people with a role see of others, and what administrators change; nobody else finds it."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.admin_person import person_page
from gateway.adapters.inbound.console.admin_room import (
    PAGE_SIZE,
    ROLES,
    Admin,
    Cursor,
    Staff,
    Word,
    address,
)
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import user_id
from gateway.application.correct_balance import CorrectBalance
from gateway.domain.errors import FieldProblem, GatewayError, InvalidRequest, NotFound
from gateway.domain.user import Role
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/admin", route_class=HtmlRoute)
AMOUNT_MAX_CREDITS = 1_000_000_000
REASON_LENGTH_MAX = 500
_KEY_LENGTH_MAX = 64
_AMOUNT_LENGTH_MAX = 11


@router.get("/users", dependencies=[per_user(Limit.READS)])
async def people(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    actor: Staff,
    query: Word = "",
    cursor: Cursor = None,
) -> Response:
    """Find people."""
    query = query.replace("\x00", "").strip()
    page = await deps.administration.people(actor, query or None, cursor=cursor, limit=PAGE_SIZE)
    return await show(
        request,
        "admin_people.html",
        session=session,
        people=page.items,
        query=query,
        roles=ROLES,
        is_first=cursor is None,
        newest=address("/admin/users", query=query),
        older=address("/admin/users", query=query, cursor=page.next_cursor),
    )


@router.get("/users/{user}/credits", dependencies=[per_user(Limit.READS)])
async def preview_correction(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    actor: Admin,
    user: str,
    amount: Word = "",
    reason: Annotated[str, Query(max_length=2 * REASON_LENGTH_MAX)] = "",
) -> Response:
    """Show what a correction would come to, before it is made: a look, which is recorded, and no act yet."""
    try:
        amount_credits, reason = _correction(amount, reason)
    except InvalidRequest as refusal:
        return await person_page(
            request, deps, session, actor, user, refusal=refusal, typed={"amount": amount, "reason": reason}
        )
    await deps.administration.person(actor, user_id(user))
    balance = await deps.ledger.balance(user_id(user))
    return await show(
        request,
        "admin_correction.html",
        session=session,
        user=user_id(user),
        amount=amount_credits,
        reason=reason,
        before=balance,
        once=uuid4().hex,
    )


@router.post("/users/{user}/credits", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def correct(request: Request, deps: CurrentDeps, session: Session, actor: Admin, user: str) -> Response:
    """Correct a balance, once a form."""
    form = await request.form()
    amount, reason = str(form.get("amount", "")), str(form.get("reason", ""))
    try:
        amount_credits, reason = _correction(amount, reason)
        await deps.correct_balance(
            CorrectBalance(
                actor=actor,
                user_id=user_id(user),
                amount_credits=amount_credits,
                reason=reason,
                # The form's own: a page that is sent twice corrects once.
                idempotency_key=str(form.get("once", ""))[:_KEY_LENGTH_MAX] or uuid4().hex,
            ),
        )
    except NotFound:
        raise
    except GatewayError as refusal:
        return await person_page(
            request, deps, session, actor, user, refusal=refusal, typed={"amount": amount, "reason": reason}
        )
    return go(f"/admin/users/{user_id(user)}", note="corrected")


@router.get("/users/{user}/change", dependencies=[per_user(Limit.READS)])
async def confirm_change(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    actor: Admin,
    user: str,
    role: Word = "",
    disabled: Word = "",
) -> Response:
    """Ask once more, and why, before somebody's account changes."""
    if role not in list(Role) and disabled not in ("true", "false"):
        raise NotFound(gettext_noop("There is nothing at this address."))
    return await show(
        request,
        "admin_change.html",
        session=session,
        user=user_id(user),
        role=Role(role) if role in list(Role) else None,
        disabled=disabled,
        roles=ROLES,
    )


@router.post("/users/{user}/change", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def change(request: Request, deps: CurrentDeps, session: Session, actor: Admin, user: str) -> Response:
    """Change what somebody may do, or close the account or open it again."""
    form = await request.form()
    role, disabled = str(form.get("role", "")), str(form.get("disabled", ""))
    try:
        await deps.administration.change_person(
            actor,
            user_id(user),
            role=Role(role) if role in list(Role) else None,
            disabled={"true": True, "false": False}.get(disabled),
            reason=checked_reason(str(form.get("reason", ""))),
        )
    except NotFound:
        raise
    except GatewayError as refusal:
        return await show(
            request,
            "admin_change.html",
            session=session,
            refusal=refusal,
            user=user_id(user),
            role=Role(role) if role in list(Role) else None,
            disabled=disabled,
            roles=ROLES,
        )
    return go(f"/admin/users/{user_id(user)}", note="changed")


def _correction(amount: str, reason: str) -> tuple[int, str]:
    """Read what was typed. Raises InvalidRequest."""
    number = amount.strip().replace("\u2212", "-").removeprefix("+")
    digits = number.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and len(number) <= _AMOUNT_LENGTH_MAX
    if not is_number or not 0 < int(digits) <= AMOUNT_MAX_CREDITS:
        raise _wrong("amount", gettext_noop("Write a whole number of credits, below zero to take some."))
    why = checked_reason(reason)
    if why is None:
        raise _wrong("reason", gettext_noop("Say why: the person reads it."))
    return int(number), why


def checked_reason(text: str) -> str | None:
    """Return why somebody acts; None where nothing was said. Raises InvalidRequest."""
    if len(text) > REASON_LENGTH_MAX or "\x00" in text:
        raise _wrong("reason", gettext_noop("That is too long."))
    return text.strip() or None


def _wrong(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, reason="INVALID_FIELD", fields=[FieldProblem(field, detail)])
