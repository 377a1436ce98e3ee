"""Which sessions at identity still stand."""

from collections.abc import Callable, Mapping, Sequence

from gateway.application.recent_answers import RecentAnswers
from gateway.domain.errors import GatewayError, RateLimited, Unauthenticated, Unavailable
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Principal
from gateway.ports.identity import SESSION_IDS_MAX, Identity


class OpenSessions:
    """Lets through what identity says still stands, and nothing that it can't say anything about."""

    def __init__(self, identity: Identity, *, life_s: float, monotonic: Callable[[], float]) -> None:
        self._identity = identity
        self._answers = RecentAnswers[SessionId, bool](
            self._ask, batch_max=SESSION_IDS_MAX, life_s=life_s, monotonic=monotonic
        )

    async def require(self, principal: Principal) -> None:
        """Raise Unauthenticated when the principal's session has ended, Unavailable when nobody can say."""
        if not await self._has_session(principal):
            raise Unauthenticated("The session has ended. Log in again.", reason="SESSION_ENDED")

    async def stands(self, user_id: UserId, session_id: SessionId) -> bool:
        """Whether a session stands. Raises Unavailable."""
        try:
            return await self._answers.of(session_id, lambda _: user_id) or False
        except RateLimited:
            raise
        except GatewayError as failure:
            raise Unavailable(
                "Whether the session still stands can't be checked right now.",
                reason="SESSION_STATE_UNKNOWN",
            ) from failure

    def doubt(self, user_id: UserId) -> None:
        """Take nothing for granted any more that was known of this user's sessions."""
        self._answers.doubt(user_id)

    async def ended(self, principal: Principal) -> None:
        """Return once the principal's session has ended; while nobody can say, it may go on."""
        await self._answers.until_false(principal.user_id, lambda: self._has_session(principal))

    async def _has_session(self, principal: Principal) -> bool:
        return principal.session_id is not None and await self.stands(principal.user_id, principal.session_id)

    async def _ask(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, bool]:
        return dict.fromkeys(await self._identity.open_sessions(session_ids), True)
