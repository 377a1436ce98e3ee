"""`/admin/dead-letters`: events that had no effect, and what has them applied again."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.admin import checked_reason
from gateway.adapters.inbound.console.admin_room import PAGE_SIZE, Admin, Cursor, Staff, Word, address
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.application.replay_dead_letter import ReplayDeadLetter
from gateway.domain.administration import Actor
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.identifiers import DeadLetterId
from gateway.domain.user import Role
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/admin/dead-letters", route_class=HtmlRoute)
LETTER_ID_LENGTH_MAX = 500
SERVICES: Mapping[str, str] = {
    "identity": gettext_noop("accounts"),
    "billing": gettext_noop("payments"),
    "ledger": gettext_noop("credits"),
    "generation": gettext_noop("jobs"),
}
LetterId = Annotated[str, Path(max_length=LETTER_ID_LENGTH_MAX)]


@router.get("", dependencies=[per_user(Limit.READS)])
async def dead_letters(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    actor: Staff,
    service: Word = "",
    cursor: Cursor = None,
) -> Response:
    """List what services gave up."""
    chosen = service if service in SERVICES else None
    page = await deps.dead_letters.page(actor, chosen, cursor=cursor, limit=PAGE_SIZE)
    return await show(
        request,
        "admin_dead_letters.html",
        session=session,
        letters=page.letters,
        unanswered=page.unanswered,
        services=SERVICES,
        chosen=chosen,
        is_first=cursor is None,
        newest=address("/admin/dead-letters", service=chosen),
        older=address("/admin/dead-letters", service=chosen, cursor=page.next_cursor),
    )


@router.get("/{service}/{letter}", dependencies=[per_user(Limit.READS)])
async def dead_letter(
    request: Request, deps: CurrentDeps, session: Session, actor: Staff, service: str, letter: LetterId
) -> Response:
    """Show one, and ask an administrator once more before it is applied again."""
    return await _letter_page(request, deps, session, actor, service, letter)


@router.post("/{service}/{letter}/replay", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def replay(
    request: Request, deps: CurrentDeps, session: Session, actor: Admin, service: str, letter: LetterId
) -> Response:
    """Have one applied again; where it fails again, its page says why."""
    form = await request.form()
    try:
        command = ReplayDeadLetter(
            actor=actor,
            service=service,
            letter_id=_letter_id(letter),
            reason=checked_reason(str(form.get("reason", ""))),
        )
        stands = await deps.replay_dead_letter(command)
    except NotFound:
        raise
    except GatewayError as refusal:
        return await _letter_page(request, deps, session, actor, service, letter, refusal=refusal)
    if stands.replayed_at is None:
        return go(f"/admin/dead-letters/{service}/{letter}", note="failed-again")
    return go("/admin/dead-letters", note="replayed")


async def _letter_page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    actor: Actor,
    service: str,
    letter: str,
    *,
    refusal: GatewayError | None = None,
) -> Response:
    return await show(
        request,
        "admin_dead_letter.html",
        session=session,
        refusal=refusal,
        letter=await deps.dead_letters.find(actor, service, _letter_id(letter)),
        services=SERVICES,
        changes=actor.role is Role.ADMIN,
    )


def _letter_id(text: str) -> DeadLetterId:
    if "\0" in text:
        raise NotFound("There is no such dead letter.", reason="DEAD_LETTER_NOT_FOUND")
    return DeadLetterId(text)
