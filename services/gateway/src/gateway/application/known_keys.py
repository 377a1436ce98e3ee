"""Which API keys are good, and whom they speak for."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from gateway.application.recent_answers import RecentAnswers
from gateway.domain.api_key import could_be_a_key
from gateway.domain.errors import GatewayError, RateLimited, Unauthenticated, Unavailable
from gateway.domain.identifiers import KeyDigest, UserId
from gateway.domain.user import Principal
from gateway.ports.identity import KEY_DIGESTS_MAX, Identity


class KnownKeys:
    """Lets through what identity says is good, known by digests: a key's own text is kept nowhere."""

    def __init__(self, identity: Identity, *, life_s: float, monotonic: Callable[[], float]) -> None:
        self._identity = identity
        self._answers = RecentAnswers[KeyDigest, Principal](
            self._ask, batch_max=KEY_DIGESTS_MAX, life_s=life_s, monotonic=monotonic
        )

    async def principal(self, text: str) -> Principal:
        """Whom a key speaks for. Raises Unauthenticated, and Unavailable when nobody can say."""
        found = await self._standing(_digest(text)) if could_be_a_key(text) else None
        if found is None:
            raise Unauthenticated(
                "The API key is not valid, was revoked or has expired.", reason="INVALID_API_KEY"
            )
        return found

    def doubt(self, user_id: UserId) -> None:
        """Take nothing for granted any more that was known of this user's keys."""
        self._answers.doubt(user_id)

    async def ended(self, principal: Principal) -> None:
        """Return once the principal's key is good no longer; while nobody can say, it may go on."""
        digest = principal.key.digest if principal.key else KeyDigest(b"")

        async def stands() -> bool:
            return await self._standing(digest) is not None

        await self._answers.until_false(principal.user_id, stands)

    async def _standing(self, digest: KeyDigest) -> Principal | None:
        try:
            return await self._answers.of(digest, lambda found: found.user_id if found else None)
        except RateLimited:
            raise
        except GatewayError as failure:
            raise Unavailable(
                "Whether the API key is good can't be checked right now.", reason="API_KEY_STATE_UNKNOWN"
            ) from failure

    async def _ask(self, digests: Sequence[KeyDigest]) -> Mapping[KeyDigest, Principal]:
        return await self._identity.standing_api_keys(digests)


def _digest(text: str) -> KeyDigest:
    return KeyDigest(hashlib.sha256(text.encode()).digest())
