"""Where somebody is signed in."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import own_session as domain
from gateway.domain.identifiers import SessionId


class OwnSession(Answer):
    """A device or a program that is signed in to the account."""

    id: Annotated[str, shown("ses_019324a1b2c37def8a9b0c1d2e3f4a66")]
    """The session's id, by which it is ended."""
    device: Annotated[str | None, shown("Firefox on Windows")]
    """What its software calls itself, in words; null where it said nothing that is known."""
    address: Annotated[str | None, shown("203.0.113.7")]
    """The address that it was used from at its sign-in, or at its latest refresh."""
    created_at: Moment
    last_used_at: Moment | None
    """To the minute; null for a session from before it was noted."""
    current: Annotated[bool, shown(True)]
    """Whether it is the one that asks."""

    @classmethod
    def of(cls, session: domain.OwnSession, *, current: SessionId | None) -> Self:
        """Show a session to whoever asks from the current one."""
        said = [words for words in (session.browser, session.system) if words]
        return cls(
            id=session.session_id,
            device=" on ".join(said) or None,
            address=session.client_address,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            current=session.session_id == current,
        )


class OwnSessionList(Whole[OwnSession]):
    """Where a person is signed in."""


class EndedSessions(Answer):
    """What ended."""

    ended: Annotated[int, shown(2, minimum=0)]
    """How many sessions ended."""
