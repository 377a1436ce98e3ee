"""Make the secret of a second factor, for an app to read."""

from dataclasses import dataclass, field

from identity.application.prove_password import PasswordProver
from identity.domain.errors import SecondFactorOn, SecondFactorsOff
from identity.domain.identifiers import UserId
from identity.domain.second_factor import SecondFactor
from identity.ports.clock import Clock
from identity.ports.second_factors import OneTimeCodes, SecretBox
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class BeginSecondFactor:
    """A person who is signed in, and knows the password."""

    user_id: UserId
    password: str = field(repr=False)
    client_address: str | None = None


@dataclass(frozen=True)
class NewSecret:
    """What an app is given, this once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True)
class BeginSecondFactorHandler:
    """Nothing is asked for at a sign-in before a code has shown that the app has it."""

    units: UnitsOfWork
    prover: PasswordProver
    codes: OneTimeCodes
    box: SecretBox
    clock: Clock

    async def __call__(self, command: BeginSecondFactor) -> NewSecret:
        """Return a new secret, in the place of one that was not confirmed.

        Raises SecondFactorsOff, SecondFactorOn, EmailNotConfirmed, WrongPassword, TooManyAttempts or
        UserNotFound.
        """
        if not self.box.is_ready:
            raise SecondFactorsOff
        async with self.units.of(command.user_id) as work:
            user = await work.users.get(command.user_id)
        user.require_confirmed()
        await self.prover.prove(user, command.password, command.client_address)
        secret = self.codes.new_secret()
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_confirmed()
            before = await work.factors.get(user.user_id)
            if before is not None and before.confirmed_at is not None:
                raise SecondFactorOn
            await work.factors.save(
                SecondFactor(
                    user_id=user.user_id,
                    sealed_secret=self.box.seal(secret),
                    created_at=self.clock.now(),
                )
            )
        return NewSecret(secret, self.codes.uri(secret, user.email))
