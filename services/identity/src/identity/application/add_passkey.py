"""Let a new passkey open an account."""

from dataclasses import dataclass, field

from identity.application.check_passkey import CeremonyKeeper
from identity.application.tell_person import tell_person
from identity.domain.identifiers import PasskeyId, UserId
from identity.domain.mail import Notice
from identity.domain.passkey import PASSKEYS_MAX, CeremonyKind, Passkey, checked_name
from identity.domain.passkey_errors import TooManyPasskeys
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class AddPasskey:
    """A person who is signed in, with what the authenticator answered."""

    user_id: UserId
    name: str
    answer: str = field(repr=False)


@dataclass(frozen=True)
class AddPasskeyHandler:
    """Stores the public half, and tells its person by mail, together."""

    units: UnitsOfWork
    keeper: CeremonyKeeper
    ids: IdSource
    clock: Clock

    async def __call__(self, command: AddPasskey) -> Passkey:
        """Return the passkey.

        Raises InvalidField, PasskeyMalformed, CeremonyEnded, PasskeyWrongOrigin, PasskeyWrongSite,
        PasskeyUserNotVerified, PasskeyRefused, PasskeyExists, TooManyPasskeys, PasskeysUnavailable,
        EmailNotConfirmed, UserDisabled or UserLeaving.
        """
        name = checked_name(command.name)
        answer = await self.keeper.answered(command.answer, CeremonyKind.ADD, command.user_id)
        made = self.keeper.authenticators.created(answer)
        now = self.clock.now()
        passkey = Passkey(
            passkey_id=PasskeyId(self.ids.new("psk")),
            user_id=command.user_id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=made.transports,
            name=name,
            backed_up=made.backed_up,
            created_at=now,
        )
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_enabled()
            user.require_staying()
            user.require_confirmed()
            if len(await work.passkeys.of_user(command.user_id)) >= PASSKEYS_MAX:
                raise TooManyPasskeys(PASSKEYS_MAX)
            await work.passkeys.add(passkey)
            await tell_person(work, user, Notice.PASSKEY_ADDED, {}, ids=self.ids, now=now)
        return passkey
