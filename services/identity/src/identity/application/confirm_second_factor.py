"""Turn a second factor on, with a code that shows that the app has its secret."""

from dataclasses import dataclass, field, replace

from identity.application.check_second_factor import SecondFactorChecker
from identity.application.tell_person import tell_person
from identity.domain.errors import SecondFactorOn, WrongCode
from identity.domain.identifiers import UserId
from identity.domain.mail import Notice
from identity.domain.second_factor import RECOVERY_CODES, recovery_code, recovery_digest
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.secret_source import SecretSource
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ConfirmSecondFactor:
    """A person shows a code of the app."""

    user_id: UserId
    code: str = field(repr=False)
    client_address: str | None = None


@dataclass(frozen=True)
class ConfirmSecondFactorHandler:
    """From now on a sign-in asks for it; the person is mailed."""

    units: UnitsOfWork
    throttle: Throttle
    checker: SecondFactorChecker
    secrets: SecretSource
    ids: IdSource
    clock: Clock

    async def __call__(self, command: ConfirmSecondFactor) -> list[str]:
        """Return the recovery codes, this once.

        Raises WrongCode, SecondFactorOn, EmailNotConfirmed or TooManyAttempts.
        """
        async with self.units.of(command.user_id) as work:
            user = await work.users.get(command.user_id)
        await self.throttle.admit(
            Action.SECOND_FACTOR_ON, client_address=command.client_address, email=user.email
        )
        codes = [recovery_code(self.secrets.new()) for _ in range(RECOVERY_CODES)]
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_confirmed()
            factor = await work.factors.get(user.user_id)
            if factor is not None and factor.confirmed_at is not None:
                raise SecondFactorOn
            step = self.checker.step_of(factor, command.code, now) if factor else None
            if factor is None or step is None:
                raise WrongCode
            await work.factors.save(replace(factor.used(step), confirmed_at=now))
            await work.factors.replace_codes(user.user_id, [recovery_digest(code) for code in codes])
            await tell_person(work, user, Notice.SECOND_FACTOR_ON, {}, ids=self.ids, now=now)
        return codes
