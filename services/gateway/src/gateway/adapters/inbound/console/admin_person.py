"""`/admin/users/{id}`: one person's account, and its lists, each at an address of its own."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.admin_room import ACTIONS, PAGE_SIZE, ROLES, Cursor, Staff, address
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import user_id
from gateway.application.read_list_of_person import ReadListOfPerson, ReadListOfPersonHandler
from gateway.domain.administration import Actor, Person, RecordFilter
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError
from gateway.domain.page import Page
from gateway.domain.user import Role
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/admin", route_class=HtmlRoute)
# What the first page shows of each list.
_NEWEST = 5


@router.get("/users/{user}", dependencies=[per_user(Limit.READS)])
async def one_person(
    request: Request, deps: CurrentDeps, session: Session, actor: Staff, user: str
) -> Response:
    """Show one person's account, which is recorded."""
    return await person_page(request, deps, session, actor, user)


@router.get("/users/{user}/statement", dependencies=[per_user(Limit.READS)])
async def statement(
    request: Request, deps: CurrentDeps, session: Session, actor: Staff, user: str, cursor: Cursor = None
) -> Response:
    """Show what happened to a person's balance."""
    return await _list_page(request, session, actor, user, cursor, "statement", deps.read_entries_of_person)


@router.get("/users/{user}/jobs", dependencies=[per_user(Limit.READS)])
async def jobs(
    request: Request, deps: CurrentDeps, session: Session, actor: Staff, user: str, cursor: Cursor = None
) -> Response:
    """Show what a person had made, without what was asked for."""
    return await _list_page(request, session, actor, user, cursor, "jobs", deps.read_generations_of_person)


@router.get("/users/{user}/purchases", dependencies=[per_user(Limit.READS)])
async def purchases(
    request: Request, deps: CurrentDeps, session: Session, actor: Staff, user: str, cursor: Cursor = None
) -> Response:
    """Show what a person paid for."""
    return await _list_page(request, session, actor, user, cursor, "purchases", deps.read_purchases_of_person)


@router.get("/users/{user}/acts", dependencies=[per_user(Limit.READS)])
async def acts(
    request: Request, deps: CurrentDeps, session: Session, actor: Staff, user: str, cursor: Cursor = None
) -> Response:
    """Show what people with a role did with a person's account."""
    person = await deps.administration.person(actor, user_id(user))
    which = RecordFilter(subject_id=person.user.user_id)
    page = await deps.administration.records(actor, which, cursor=cursor, limit=PAGE_SIZE)
    return await _show_list(request, session, person, page, cursor, "acts")


async def person_page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    actor: Actor,
    user: str,
    *,
    refusal: GatewayError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Show the account, and beside the field what is wrong with a correction that was typed."""
    details = await deps.read_person(actor, user_id(user))
    records = await deps.administration.records(
        actor, RecordFilter(subject_id=user_id(user)), cursor=None, limit=_NEWEST
    )
    return await show(
        request,
        "admin_person.html",
        session=session,
        refusal=refusal,
        whom=details.person,
        details=details,
        newest=_NEWEST,
        records=records.items,
        actions=ACTIONS,
        roles=ROLES,
        changes=actor.role is Role.ADMIN,
        typed=typed or {"amount": "", "reason": ""},
    )


async def _list_page(
    request: Request,
    session: ConsoleSession,
    actor: Actor,
    user: str,
    cursor: str | None,
    tab: str,
    read: ReadListOfPersonHandler[Any],
) -> Response:
    part = await read(ReadListOfPerson(actor=actor, user_id=user_id(user), cursor=cursor, limit=PAGE_SIZE))
    return await _show_list(request, session, part.person, part.page, cursor, tab)


async def _show_list(
    request: Request, session: ConsoleSession, person: Person, page: Page[Any], cursor: str | None, tab: str
) -> Response:
    here = f"/admin/users/{person.user.user_id}/{tab}"
    return await show(
        request,
        "admin_person_list.html",
        session=session,
        whom=person,
        tab=tab,
        items=page.items,
        actions=ACTIONS,
        roles=ROLES,
        is_first=cursor is None,
        newest=here,
        older=address(here, cursor=page.next_cursor),
    )
