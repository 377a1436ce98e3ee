"""Decide on a person's welcome, once a mailbox."""

from dataclasses import dataclass, replace
from datetime import datetime

from identity.domain.mailbox import mailbox_digest
from identity.domain.user import User
from identity.domain.welcome import Welcome, WelcomePolicy
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Welcomer:
    """Claims the mailbox in the caller's transaction: of two aliases that come at once one is first."""

    policy: WelcomePolicy

    async def at_start(self, work: UnitOfWork, user: User, now: datetime) -> User:
        """Return the new user, welcomed or asked to verify the address first."""
        if self.policy.after_confirmation and not user.email_verified:
            return replace(user, welcome=Welcome.PENDING)
        return await self._decided(work, user, now)

    async def at_confirmation(self, work: UnitOfWork, user: User, now: datetime) -> User:
        """Return the user, welcomed if that is what it waited for."""
        return await self._decided(work, user, now) if user.welcome is Welcome.PENDING else user

    async def _decided(self, work: UnitOfWork, user: User, now: datetime) -> User:
        # Claimed even where the policy does not ask: it may ask tomorrow.
        is_first = await work.users.claim_mailbox(mailbox_digest(user.email), user.user_id, now)
        return replace(user, welcome=self.policy.decided(is_first=is_first))
