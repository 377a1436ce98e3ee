"""Set a new password with a mailed token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from identity.application.end_session import SessionEnder
from identity.application.mailed_token import owner_of_token
from identity.application.tell_person import tell_person, words_of
from identity.domain.identifiers import UserId
from identity.domain.mail import Notice, Purpose
from identity.domain.password import checked_password
from identity.domain.secret import digest
from identity.domain.session import EndReason
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.id_source import IdSource
from identity.ports.password_hasher import PasswordHasher
from identity.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class ResetPassword:
    """A person shows the token from the mail."""

    token: str = field(repr=False)
    new_password: str = field(repr=False)


@dataclass(frozen=True)
class ResetPasswordHandler:
    """Replaces the password, ends every session and uses up every open token that leads to the account.

    Linked identities, passkeys and keys stay, since they may be the person's own way in; a mail names them,
    so that what somebody else left behind is seen and removed.
    """

    units: UnitsOfWork
    directory: Directory
    hasher: PasswordHasher
    ender: SessionEnder
    devices: DeviceTokens
    ids: IdSource
    clock: Clock
    titles: Mapping[str, str]
    """What providers are called, by their issuers."""

    async def __call__(self, command: ResetPassword) -> str:
        """Return the token of a device that is known from now on: guessing must not keep its owner out.

        Raises InvalidToken, or WeakPassword, which leaves the mailed token good for another try.
        """
        user_id = await owner_of_token(self.directory, digest(command.token))
        password = await self._checked(command, user_id)
        password_hash = await self.hasher.hash(password)
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            (await work.mails.lock_token(digest(command.token))).redeemed(now, Purpose.RESET_PASSWORD)
            # A change of the address that somebody else asked for must not hand the account over later.
            for purpose in (Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL):
                await work.mails.use_all(user_id, purpose, now)
            await work.users.save(user.with_password(password_hash))
            await self.ender.end_all(work, user_id, now, EndReason.PASSWORD_RESET)
            ways = await self._ways(work, user, now)
            await tell_person(
                work, user, Notice.PASSWORD_CHANGED, {"ways": ", ".join(ways)}, ids=self.ids, now=now
            )
        return self.devices.issue(user.email, now)

    async def _ways(self, work: UnitOfWork, user: User, now: datetime) -> list[str]:
        ways = [words_of(linked, self.titles) for linked in await work.linked.of_user(user.user_id)]
        ways += [passkey.words for passkey in await work.passkeys.of_user(user.user_id)]
        # By no name: whoever opened the account with somebody else's address would write to them.
        kept = await work.api_keys.unrevoked(user.user_id)
        return ways + [f"the API key …{key.hint}" for key in kept if key.stands(now)]

    async def _checked(self, command: ResetPassword, user_id: UserId) -> str:
        async with self.units.of(user_id) as work:
            # Before the slow hash, so that dead tokens cost nothing; the row lock decides later.
            token = await work.mails.lock_token(digest(command.token))
            token.redeemed(self.clock.now(), Purpose.RESET_PASSWORD)
            user = await work.users.get(user_id)
        return checked_password(command.new_password, email=user.email, field="new_password")
