"""Prove once more who somebody is who is signed in."""

from dataclasses import dataclass, field

from identity.application.check_second_factor import SecondFactorChecker
from identity.application.prove_password import PasswordProver
from identity.domain.errors import SessionEnded, WrongCode
from identity.domain.identifiers import SessionId, UserId
from identity.ports.clock import Clock
from identity.ports.throttle import Action
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class StepUp:
    """A person at one of their sessions, with the password or, where they have one, a code."""

    user_id: UserId
    session_id: SessionId
    password: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    client_address: str | None = None


@dataclass(frozen=True)
class StepUpHandler:
    """Notes the proof at that session alone. Accounts without either sign in anew, which counts as well."""

    units: UnitsOfWork
    prover: PasswordProver
    checker: SecondFactorChecker
    clock: Clock

    async def __call__(self, command: StepUp) -> None:
        """Note the proof.

        Raises WrongPassword, WrongCode, TooManyAttempts, SessionNotFound, SessionEnded or UserDisabled.
        """
        async with self.units.of(command.user_id) as work:
            user = await work.users.get(command.user_id)
        if command.code is None:
            await self.prover.prove(user, command.password or "", command.client_address)
        else:
            await self.prover.throttle.admit(
                Action.STEP_UP_CODE, client_address=command.client_address, email=user.email
            )
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_enabled()
            session = await work.sessions.lock(command.session_id)
            if session.ended_at is not None:
                raise SessionEnded
            if command.code is not None:
                factor = await work.factors.get(user.user_id)
                is_on = factor is not None and factor.confirmed_at is not None
                if factor is None or not is_on:
                    raise WrongCode
                if not await self.checker.accepts(work, factor, command.code, now):
                    raise WrongCode
            await work.sessions.prove(session.proven(now))
