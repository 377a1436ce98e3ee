"""A person's statement, jobs and payments, part by part, as people with a role see them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from gateway.adapters.inbound.acting import CurrentStaff
from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.entry import Entry, EntryPage
from gateway.adapters.inbound.rest.answers.person import PersonGeneration, PersonGenerationPage
from gateway.adapters.inbound.rest.answers.purchase import Purchase, PurchasePage
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.ledger import UNAVAILABLE
from gateway.adapters.inbound.rest.parameters import Paging, UserPath, paging, user_id
from gateway.adapters.inbound.rest.reasons import UNKNOWN_USER, refuses
from gateway.application.read_list_of_person import ReadListOfPerson
from gateway.domain.administration import Actor
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/admin/users", tags=["admin"], route_class=JsonRoute)


@router.get(
    "/{user}/ledger/entries",
    dependencies=[per_user(Limit.READS)],
    responses=refuses({**UNKNOWN_USER, **UNAVAILABLE}),
)
async def list_users_entries(
    user: UserPath, actor: CurrentStaff, deps: CurrentDeps, part: Annotated[Paging, Depends(paging)]
) -> EntryPage:
    """List one person's statement, newest first. That you looked is recorded."""
    read = await deps.read_entries_of_person(_asked(actor, user, part))
    return EntryPage.of(read.page, Entry.of)


@router.get("/{user}/generations", dependencies=[per_user(Limit.READS)], responses=refuses(UNKNOWN_USER))
async def list_users_generations(
    user: UserPath, actor: CurrentStaff, deps: CurrentDeps, part: Annotated[Paging, Depends(paging)]
) -> PersonGenerationPage:
    """List one person's jobs, newest first, without what was asked for. That you looked is recorded."""
    read = await deps.read_generations_of_person(_asked(actor, user, part))
    return PersonGenerationPage.of(read.page, PersonGeneration.of)


@router.get("/{user}/purchases", dependencies=[per_user(Limit.READS)], responses=refuses(UNKNOWN_USER))
async def list_users_purchases(
    user: UserPath, actor: CurrentStaff, deps: CurrentDeps, part: Annotated[Paging, Depends(paging)]
) -> PurchasePage:
    """List one person's payments, newest first. That you looked is recorded."""
    read = await deps.read_purchases_of_person(_asked(actor, user, part))
    return PurchasePage.of(read.page, Purchase.of)


def _asked(actor: Actor, user: str, part: Paging) -> ReadListOfPerson:
    return ReadListOfPerson(actor=actor, user_id=user_id(user), cursor=part.cursor, limit=part.limit)
