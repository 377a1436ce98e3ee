"""Links to generations, as the generation service keeps them."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.identifiers import AccountId, GenerationId, ShareId
from gateway.domain.share import Share, Shared


class Shares(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def create_share(
        self, account_id: AccountId, generation_id: GenerationId, *, lifetime_s: int, shows_prompt: bool
    ) -> tuple[Share, str]:
        """Make a link; return it with its token, which is told this once.

        Raises NotFound, InvalidRequest, Conflict (NOTHING_TO_SHARE, TOO_MANY_SHARES).
        """
        ...

    async def shares_of(self, account_id: AccountId, generation_id: GenerationId) -> Sequence[Share]:
        """Return the links of a generation of this account that work, newest first. Raises NotFound."""
        ...

    async def withdraw_share(
        self, account_id: AccountId, generation_id: GenerationId, share_id: ShareId
    ) -> None:
        """End a link at once. Idempotent. Raises NotFound for a generation that is not this account's."""
        ...

    async def shared(self, token: str) -> Shared:
        """Return what a token opens. Raises NotFound (SHARE_ENDED), which never says why."""
        ...
