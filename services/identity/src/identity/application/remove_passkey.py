"""Let a passkey open an account no longer."""

from dataclasses import dataclass

from identity.application.tell_person import tell_person
from identity.domain.identifiers import PasskeyId, UserId
from identity.domain.mail import Notice
from identity.domain.passkey_errors import PasskeyNotFound
from identity.domain.sign_in_errors import LastWayToSignIn
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RemovePasskeyHandler:
    """Leaves every account a way in: a password, a linked sign-in or another passkey. It is mailed."""

    units: UnitsOfWork
    ids: IdSource
    clock: Clock

    async def __call__(self, *, user_id: UserId, passkey_id: PasskeyId) -> None:
        """Forget the passkey; raises PasskeyNotFound or LastWayToSignIn."""
        async with self.units.of(user_id) as work:
            # Locked, so that of two that go at the same time the second sees what the first left.
            user = await work.users.lock(user_id)
            own = await work.passkeys.of_user(user_id)
            passkey = next((own for own in own if own.passkey_id == passkey_id), None)
            if passkey is None:
                raise PasskeyNotFound
            others = len(own) - 1 + len(await work.linked.of_user(user_id))
            if user.password_hash is None and not others:
                raise LastWayToSignIn
            await work.passkeys.remove(user_id, passkey_id)
            told = {"passkey": passkey.words}
            await tell_person(work, user, Notice.PASSKEY_REMOVED, told, ids=self.ids, now=self.clock.now())
