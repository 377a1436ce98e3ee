"""Turn a second factor off."""

from dataclasses import dataclass, field

from identity.application.check_second_factor import SecondFactorChecker
from identity.application.prove_password import PasswordProver
from identity.application.tell_person import tell_person
from identity.domain.errors import WrongCode
from identity.domain.identifiers import UserId
from identity.domain.mail import Notice
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.throttle import Action
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RemoveSecondFactor:
    """A person who is signed in, knows the password and has a code of the app or of the paper."""

    user_id: UserId
    password: str = field(repr=False)
    code: str = field(repr=False)
    client_address: str | None = None


@dataclass(frozen=True)
class RemoveSecondFactorHandler:
    """Deletes the secret and the recovery codes; the person is mailed."""

    units: UnitsOfWork
    prover: PasswordProver
    checker: SecondFactorChecker
    ids: IdSource
    clock: Clock

    async def __call__(self, command: RemoveSecondFactor) -> None:
        """Nothing happens where there is none. Raises WrongPassword, WrongCode or TooManyAttempts."""
        async with self.units.of(command.user_id) as work:
            user = await work.users.get(command.user_id)
        await self.prover.prove(user, command.password, command.client_address)
        await self.prover.throttle.admit(
            Action.SECOND_FACTOR_OFF, client_address=command.client_address, email=user.email
        )
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            factor = await work.factors.get(user.user_id)
            if factor is None:
                return
            if factor.confirmed_at is not None:
                if not await self.checker.accepts(work, factor, command.code, now):
                    raise WrongCode
                await tell_person(work, user, Notice.SECOND_FACTOR_OFF, {}, ids=self.ids, now=now)
            await work.factors.remove(user.user_id)
