"""Say how one person signs in."""

from dataclasses import dataclass

from identity.domain.identifiers import UserId
from identity.domain.linked_identity import LinkedIdentity, WaitingLink
from identity.domain.secret import digest
from identity.domain.sign_in_errors import LinkExpired
from identity.ports.clock import Clock
from identity.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class SignInMethods:
    """How an account is opened, and what waits to open it too."""

    has_password: bool
    linked: tuple[LinkedIdentity, ...]
    waiting: WaitingLink | None


@dataclass(frozen=True)
class ReadSignInMethodsHandler:
    """Reads the account's links, and with a token that is good what waits for it."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, user_id: UserId, *, link_token: str | None = None) -> SignInMethods:
        """Return the ways; raises UserNotFound."""
        async with self.units.of(user_id) as work:
            user = await work.users.get(user_id)
            return SignInMethods(
                has_password=user.password_hash is not None,
                linked=tuple(await work.linked.of_user(user_id)),
                waiting=await self._waiting(work, link_token) if link_token else None,
            )

    async def _waiting(self, work: UnitOfWork, link_token: str) -> WaitingLink | None:
        try:
            waiting = await work.linked.lock_waiting(digest(link_token))
            waiting.redeemed(self.clock.now())
        except LinkExpired:
            return None
        return waiting
