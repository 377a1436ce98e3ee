"""Prove once more who somebody is who is signed in."""

from dataclasses import dataclass, field

from identity.application.check_passkey import CeremonyKeeper, PasskeyChecker
from identity.application.check_second_factor import SecondFactorChecker
from identity.application.prove_password import PasswordProver
from identity.domain.errors import SessionEnded, WrongCode
from identity.domain.identifiers import SessionId, UserId
from identity.domain.passkey import Answer, CeremonyKind
from identity.domain.passkey_errors import PasskeyCopied
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.throttle import Action
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class StepUp:
    """A person at one of their sessions, with the password or, where they have one, a code or a passkey."""

    user_id: UserId
    session_id: SessionId
    password: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    client_address: str | None = None
    passkey: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class StepUpHandler:
    """Notes the proof at that session alone. Accounts without any sign in anew, which counts as well."""

    units: UnitsOfWork
    prover: PasswordProver
    checker: SecondFactorChecker
    keeper: CeremonyKeeper
    passkeys: PasskeyChecker
    clock: Clock

    async def __call__(self, command: StepUp) -> None:
        """Note the proof.

        Raises WrongPassword, WrongCode, TooManyAttempts, SessionNotFound, SessionEnded or UserDisabled; with
        a passkey what SignInWithPasskeyHandler raises.
        """
        async with self.units.of(command.user_id) as work:
            user = await work.users.get(command.user_id)
        answer = None
        if command.passkey is not None:
            await self._admit(Action.PASSKEY, user, command)
            answer = await self.keeper.answered(command.passkey, CeremonyKind.STEP_UP, command.user_id)
        elif command.code is not None:
            await self._admit(Action.STEP_UP_CODE, user, command)
        else:
            await self.prover.prove(user, command.password or "", command.client_address)
        # Raised only here, because what was seen of a copy has to be committed.
        if copied := await self._note(command, answer):
            raise copied

    async def _note(self, command: StepUp, answer: Answer | None) -> PasskeyCopied | None:
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_enabled()
            session = await work.sessions.lock(command.session_id)
            if session.ended_at is not None:
                raise SessionEnded
            if answer is not None:
                if copied := await self.passkeys.refusal(work, user, answer, now, verified=True):
                    return copied
            elif command.code is not None:
                factor = await work.factors.get(user.user_id)
                is_on = factor is not None and factor.confirmed_at is not None
                if factor is None or not is_on:
                    raise WrongCode
                if not await self.checker.accepts(work, factor, command.code, now):
                    raise WrongCode
            await work.sessions.prove(session.proven(now))
        return None

    async def _admit(self, action: Action, user: User, command: StepUp) -> None:
        await self.prover.throttle.admit(action, client_address=command.client_address, email=user.email)
