"""What people with a role see of others, and what administrators change."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from gateway.adapters.inbound.acting import CurrentAdmin, CurrentStaff
from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.person import Person, PersonDetails, PersonPage
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import (
    Paging,
    UserPath,
    idempotency_key,
    mark_replayed,
    paging,
    user_id,
)
from gateway.adapters.inbound.rest.reasons import UNKNOWN_USER, Reasons, refuses
from gateway.application.correct_balance import CorrectBalance
from gateway.domain.user import Role
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/admin/users", tags=["admin"], route_class=JsonRoute)

AMOUNT_MAX_CREDITS = 1_000_000_000
_AWAY: Reasons = {503: ("LEDGER_UNAVAILABLE", "STORAGE_UNAVAILABLE")}
_CHANGE: Reasons = {**UNKNOWN_USER, 409: ("OWN_ACCOUNT", "LAST_ADMINISTRATOR")}
_CORRECT: Reasons = {
    402: ("INSUFFICIENT_CREDITS",),
    404: ("USER_NOT_FOUND", "ACCOUNT_NOT_FOUND"),
    429: ("LEDGER_OVERLOADED",),
    503: ("LEDGER_UNAVAILABLE",),
}
Reason = Annotated[str, Field(min_length=1, max_length=500, examples=["The picture came out black"])]


class PersonBody(Body):
    """What becomes of somebody's account; what is left out or null stays."""

    # A word of JSON is a text: a strict body would take nothing but the member itself.
    role: Annotated[Role | None, Field(strict=False, examples=["support"])] = None
    """What they may do beyond their own account. Less than before ends their sessions."""
    disabled: Annotated[bool | None, Field(examples=[False])] = None
    """Whether the account is closed: sessions and keys end at once, jobs that run still finish."""
    reason: Reason | None = None
    """Why; kept for good."""


class CorrectionBody(Body):
    """How much a balance is corrected by, and why."""

    amount: Annotated[int, Field(ge=-AMOUNT_MAX_CREDITS, le=AMOUNT_MAX_CREDITS, examples=[50])]
    """Credits to add, or, below zero, to take; not zero."""
    reason: Reason
    """Why; the person sees it in their statement, and it is kept for good."""


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({}))
async def list_users(
    actor: CurrentStaff,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    query: Annotated[
        str | None, Query(max_length=320, description="A part of an email address, or an id.")
    ] = None,
) -> PersonPage:
    """Find people, the newest first; everybody without a query."""
    page = await deps.administration.people(actor, query, cursor=part.cursor, limit=part.limit)
    return PersonPage.of(page, Person.seen)


@router.get("/{user}", dependencies=[per_user(Limit.READS)], responses=refuses({**UNKNOWN_USER, **_AWAY}))
async def read_user(user: UserPath, actor: CurrentStaff, deps: CurrentDeps) -> PersonDetails:
    """Read one person's account over all services. That you looked is recorded."""
    return PersonDetails.of(await deps.read_person(actor, user_id(user)))


@router.patch("/{user}", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF], responses=refuses(_CHANGE))
async def change_user(user: UserPath, body: PersonBody, actor: CurrentAdmin, deps: CurrentDeps) -> Person:
    """Change what somebody may do, or close the account or open it again. What changes is recorded."""
    changed = await deps.administration.change_person(
        actor, user_id(user), role=body.role, disabled=body.disabled, reason=body.reason
    )
    return Person.seen(changed)


@router.post(
    "/{user}/credits", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF], responses=refuses(_CORRECT)
)
async def correct_credits(
    user: UserPath,
    body: CorrectionBody,
    response: Response,
    actor: CurrentAdmin,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> Balance:
    """Correct somebody's balance, up or down, which is recorded; never below what they can spend.

    The answer is the balance as it stands now.
    """
    command = CorrectBalance(
        actor=actor,
        user_id=user_id(user),
        amount_credits=body.amount,
        reason=body.reason,
        idempotency_key=key,
    )
    balance, replayed = await deps.correct_balance(command)
    mark_replayed(response, replayed)
    return Balance.of(balance)
