"""tintype.operations.v1.DeadLetterService over gRPC: who may, which one, what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from chassis.dead_letters import Handler, Replayer
from chassis.service import CallRules
from tintype.identity.v1.principal_pb2 import Principal
from tintype.operations.v1 import dead_letters_pb2 as pb
from tintype.operations.v1 import dead_letters_pb2_grpc as rpc

from deadletters.errors import ERRORS, DeadLetterNotFound, InvalidField
from deadletters.letters import Authority, Letters, SaidRoles
from deadletters.telling import message

PAGE_MAX, PAGE_DEFAULT = 100, 20
TEXT_LENGTH_MAX, PLACE_LENGTH_MAX = 500, 64
_SAID_ROLES = SaidRoles()
_SERVICE = pb.DESCRIPTOR.services_by_name["DeadLetterService"]
ALLOWED = {f"/{_SERVICE.full_name}/{method.name}": frozenset({"gateway"}) for method in _SERVICE.methods}


@dataclass(frozen=True)
class DeadLetterServicer(rpc.DeadLetterServiceServicer):
    """Answers the contract for one service; refusals rise as errors of `deadletters.errors`."""

    letters: Letters
    apply: Handler
    authority: Authority = _SAID_ROLES

    async def ListDeadLetters(  # noqa: N802 - gRPC names its methods
        self, request: pb.ListDeadLettersRequest, context: Any
    ) -> pb.ListDeadLettersResponse:
        """See the contract."""
        await self.authority.require_staff(request.principal)
        if not 0 <= request.page_size <= PAGE_MAX:
            raise InvalidField("page_size", f"A part has 1 to {PAGE_MAX}.")
        if request.dead_letter_id:
            letter = await self.letters.find(_text(request.dead_letter_id, "dead_letter_id"))
            if letter is None:
                raise DeadLetterNotFound
            return pb.ListDeadLettersResponse(dead_letters=[message(letter)])
        limit = request.page_size or PAGE_DEFAULT
        before = _place(request.page_token) if request.page_token else None
        found = [message(letter) for letter in await self.letters.page(before=before, limit=limit + 1)]
        return pb.ListDeadLettersResponse(
            dead_letters=found[:limit],
            next_page_token=found[limit - 1].place if len(found) > limit else "",
        )

    async def ReplayDeadLetter(  # noqa: N802 - the same
        self, request: pb.ReplayDeadLetterRequest, context: Any
    ) -> pb.ReplayDeadLetterResponse:
        """See the contract."""
        await self.authority.require_admin(request.principal)
        by = _replayer(request.principal, request.reason)
        letter_id = _text(request.dead_letter_id, "dead_letter_id")
        if (letter := await self.letters.find(letter_id)) is None:
            raise DeadLetterNotFound
        await self.letters.replay(letter, self.apply, by)
        if (stands := await self.letters.find(letter_id)) is None:
            # Whom it was about was erased meanwhile, and it with them.
            raise DeadLetterNotFound
        return pb.ReplayDeadLetterResponse(dead_letter=message(stands))


def register(servicer: DeadLetterServicer, server: grpc.aio.Server) -> None:
    """Answer on a server, beside whatever else it answers."""
    rpc.add_DeadLetterServiceServicer_to_server(servicer, server)


def with_dead_letters(rules: CallRules) -> CallRules:
    """Return a service's own rules and those of this contract."""
    return CallRules(
        errors={**rules.errors, **ERRORS}, allowed={**rules.allowed, **ALLOWED}, domain=rules.domain
    )


def _replayer(principal: Principal, reason: str) -> Replayer:
    return Replayer(
        name=_text(principal.actor_id, "principal"),
        session_id=principal.session_id[:PLACE_LENGTH_MAX] or None,
        client_address=principal.client_address[:PLACE_LENGTH_MAX] or None,
        reason=_text(reason, "reason").strip() or None,
    )


def _text(value: str, field: str) -> str:
    if len(value) > TEXT_LENGTH_MAX or "\0" in value:
        raise InvalidField(field, f"It has at most {TEXT_LENGTH_MAX} characters, and none is NUL.")
    return value


def _place(token: str) -> tuple[datetime, str]:
    moment, _, event_id = _text(token, "page_token").partition("~")
    try:
        given_up_at = datetime.fromisoformat(moment)
    except ValueError:
        given_up_at = None
    if given_up_at is None or given_up_at.tzinfo is None or not event_id:
        raise InvalidField("page_token", "That is from no part before.")
    return given_up_at, event_id
