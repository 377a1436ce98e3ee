"""Ask an authenticator, and believe what it answers."""

from dataclasses import dataclass
from datetime import datetime

from identity.application.tell_person import tell_person
from identity.domain.identifiers import UserId
from identity.domain.mail import Notice
from identity.domain.passkey import CEREMONY_LIFE, Answer, Ceremony, CeremonyKind
from identity.domain.passkey_errors import CeremonyEnded, PasskeyCopied, PasskeysUnavailable, PasskeyUnknown
from identity.domain.secret import digest
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.passkeys import Authenticators, PasskeyCeremonies
from identity.ports.secret_source import SecretSource
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class CeremonyKeeper:
    """Hands out challenges, each good for one answer within five minutes."""

    ceremonies: PasskeyCeremonies
    authenticators: Authenticators
    secrets: SecretSource
    clock: Clock

    def require_ready(self) -> None:
        """Raise PasskeysUnavailable where no browser would make or use one."""
        if not self.authenticators.is_ready:
            raise PasskeysUnavailable

    async def begin(self, kind: CeremonyKind, user_id: UserId | None) -> str:
        """Store a ceremony, and return its challenge."""
        challenge = self.secrets.new()
        await self.ceremonies.begin(
            Ceremony(
                challenge_digest=digest(challenge),
                kind=kind,
                user_id=user_id,
                expires_at=self.clock.now() + CEREMONY_LIFE,
            )
        )
        return challenge

    async def answered(self, text: str, kind: CeremonyKind, user_id: UserId | None) -> Answer:
        """Use up the ceremony that an answer is to, whatever comes of it.

        Raises PasskeysUnavailable, PasskeyMalformed or CeremonyEnded.
        """
        self.require_ready()
        answer = self.authenticators.read(text)
        ceremony = await self.ceremonies.take(digest(answer.challenge), self.clock.now())
        if ceremony is None:
            raise CeremonyEnded
        ceremony.require_of(kind, user_id)
        return answer


@dataclass(frozen=True)
class PasskeyChecker:
    """Works in the transaction of whoever has locked the user, so that two uses compare their counts."""

    authenticators: Authenticators
    ids: IdSource

    async def refusal(
        self, work: UnitOfWork, user: User, answer: Answer, now: datetime, *, verified: bool
    ) -> PasskeyCopied | None:
        """Note the use of the account's passkey that answered; None where all is well.

        A copy is noted and mailed, which the caller has to commit before raising what is returned. Raises
        PasskeyUnknown, or what `Authenticators.used` does, and then nothing is changed.
        """
        own = await work.passkeys.of_user(user.user_id)
        passkey = next((own for own in own if own.credential_id == answer.credential_id), None)
        if passkey is None or answer.user_handle not in (None, user.user_id):
            raise PasskeyUnknown
        use = self.authenticators.used(answer, passkey.public_key, verified=verified)
        try:
            await work.passkeys.save(passkey.used(use, now))
        except PasskeyCopied as copied:
            await work.passkeys.save(passkey.copied(now))
            told = {"passkey": passkey.words}
            await tell_person(work, user, Notice.PASSKEY_COPIED, told, ids=self.ids, now=now)
            return copied
        return None
