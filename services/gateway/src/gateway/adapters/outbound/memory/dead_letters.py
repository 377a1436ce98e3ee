"""What one service gave up, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.adapters.outbound.memory.administration import MemoryAdministration
from gateway.domain.administration import Action, Actor
from gateway.domain.dead_letter import DeadLetter
from gateway.domain.errors import FieldProblem, Forbidden, InvalidRequest, NotFound, Unavailable
from gateway.domain.identifiers import AccountId, DeadLetterId
from gateway.domain.page import Page
from gateway.domain.user import Role


@dataclass
class MemoryDeadLetters:
    """Implements DeadLetters. What is in `broken` fails again, with this error; `away` answers nobody."""

    service: str
    administration: MemoryAdministration
    kept: dict[DeadLetterId, DeadLetter] = field(default_factory=dict)
    broken: dict[DeadLetterId, str] = field(default_factory=dict)
    away: bool = False

    def give_up(
        self, letter_id: str, *, account_id: str, given_up_at: datetime, ids: Mapping[str, str] | None = None
    ) -> DeadLetter:
        """Keep one."""
        letter = DeadLetter(
            service=self.service,
            dead_letter_id=DeadLetterId(letter_id),
            event_type="tintype.billing.v1.PaymentCompleted",
            subject=f"tintype.billing.v1.payment_completed.{account_id}",
            account_id=AccountId(account_id),
            occurred_at=given_up_at,
            given_up_at=given_up_at,
            deliveries=20,
            replays=0,
            error="ValueError('no such account')",
            replayed_at=None,
            ids=ids or {"payment_id": "pi_1"},
            place=f"{given_up_at.isoformat()}~{letter_id}",
        )
        self.kept[letter.dead_letter_id] = letter
        return letter

    async def page(self, actor: Actor, *, cursor: str | None, limit: int) -> Page[DeadLetter]:
        """See DeadLetters."""
        self._answer(actor)
        waiting = sorted(
            (letter for letter in self.kept.values() if letter.replayed_at is None),
            key=lambda letter: (letter.given_up_at, letter.dead_letter_id),
            reverse=True,
        )
        if cursor is not None:
            before = _place(cursor)
            waiting = [each for each in waiting if (each.given_up_at, each.dead_letter_id) < before]
        more = len(waiting) > limit
        return Page(items=waiting[:limit], next_cursor=waiting[limit - 1].place if more else None)

    async def find(self, actor: Actor, letter_id: DeadLetterId) -> DeadLetter:
        """See DeadLetters."""
        self._answer(actor)
        return self._known(letter_id)

    async def replay(self, actor: Actor, letter_id: DeadLetterId, *, reason: str | None) -> DeadLetter:
        """See DeadLetters."""
        self._answer(actor)
        if actor.role is not Role.ADMIN:
            raise Forbidden("Only an administrator may do that.", reason="NOT_AN_ADMIN")
        letter = self._known(letter_id)
        if letter.replayed_at is not None:
            return letter
        error = self.broken.get(letter_id)
        self.kept[letter_id] = stands = replace(
            letter,
            replays=letter.replays + 1,
            error=error or letter.error,
            replayed_at=None if error else self.administration.identity.clock.now(),
        )
        after = {
            "service": self.service,
            "event_type": letter.event_type,
            "dead_letter_id": letter_id,
            "outcome": "failed" if error else "applied",
        }
        self.administration.record(actor, Action.DEAD_LETTER_REPLAYED, letter.account_id, {}, after, reason)
        return stands

    def _answer(self, actor: Actor) -> None:
        if self.away:
            raise Unavailable(f"The {self.service} service is not available right now.")
        if actor.role not in (Role.SUPPORT, Role.ADMIN):
            raise Forbidden("Only people with a role may do that.", reason="NOT_STAFF")

    def _known(self, letter_id: DeadLetterId) -> DeadLetter:
        if letter_id not in self.kept:
            raise NotFound("There is no such dead letter.", reason="DEAD_LETTER_NOT_FOUND")
        return self.kept[letter_id]


def _place(cursor: str) -> tuple[datetime, str]:
    moment, _, letter_id = cursor.partition("~")
    try:
        given_up_at = datetime.fromisoformat(moment)
    except ValueError:
        given_up_at = None
    if given_up_at is None or given_up_at.tzinfo is None or not letter_id:
        raise InvalidRequest("That is no cursor.", fields=[FieldProblem("cursor", "is no cursor")])
    return given_up_at, letter_id
