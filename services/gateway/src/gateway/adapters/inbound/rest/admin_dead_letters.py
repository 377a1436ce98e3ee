"""What services gave up, for people with a role; administrators have it applied again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from gateway.adapters.inbound.acting import CurrentAdmin, CurrentStaff
from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.admin_users import Reason
from gateway.adapters.inbound.rest.answers.dead_letter import DeadLetter, DeadLetterPage
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import Paging, paging
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.application.replay_dead_letter import ReplayDeadLetter
from gateway.domain.errors import NotFound
from gateway.domain.identifiers import DeadLetterId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/admin/dead-letters", tags=["admin"], route_class=JsonRoute)

ID_LENGTH_MAX = 500
_UNKNOWN = refuses({404: ("DEAD_LETTER_NOT_FOUND",)})


class ReplayBody(Body):
    """Why an event is applied again."""

    reason: Reason | None = None
    """Why; kept for good."""


@router.get("", dependencies=[per_user(Limit.READS)], responses=_UNKNOWN)
async def list_dead_letters(
    actor: CurrentStaff,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    service: Annotated[
        str | None,
        Query(max_length=32, description="Only what this service gave up.", examples=["ledger"]),
    ] = None,
) -> DeadLetterPage:
    """List the events that had no effect, of identity, billing, ledger and generation, newest first.

    Services are asked side by side: `unanswered` names those whose dead letters are missing.
    """
    page = await deps.dead_letters.page(actor, service or None, cursor=part.cursor, limit=part.limit)
    return DeadLetterPage.over(page)


@router.post("/{dead_letter}/replay", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF], responses=_UNKNOWN)
async def replay_dead_letter(
    dead_letter: Annotated[
        str,
        Path(
            max_length=ID_LENGTH_MAX,
            description="The id of the dead letter.",
            examples=["ledger:evt_019324a1b2c37def8a9b0c1d2e3f4a68"],
        ),
    ],
    body: ReplayBody,
    actor: CurrentAdmin,
    deps: CurrentDeps,
) -> DeadLetter:
    """Have an event applied again, once, which is recorded; what was applied meanwhile has no second effect.

    The answer is how it stands: where it failed again, `replayed_at` is null and `error` is the new one.
    """
    service, _, letter_id = dead_letter.partition(":")
    if not letter_id or "\0" in letter_id:
        raise NotFound("There is no such dead letter.", reason="DEAD_LETTER_NOT_FOUND")
    command = ReplayDeadLetter(
        actor=actor, service=service, letter_id=DeadLetterId(letter_id), reason=body.reason
    )
    return DeadLetter.of(await deps.replay_dead_letter(command))
