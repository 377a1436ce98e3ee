"""Ask for a second factor, and compare what is shown."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from identity.domain.errors import SecondFactorRequired
from identity.domain.second_factor import CHALLENGE_LIFE, Challenge, SecondFactor, recovery_digest
from identity.domain.secret import digest
from identity.domain.user import User
from identity.ports.second_factors import OneTimeCodes, SecretBox
from identity.ports.secret_source import SecretSource
from identity.ports.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SecondFactorChecker:
    """Works in the transaction of whoever has locked the user: codes take turns, and none counts twice."""

    secrets: SecretSource
    codes: OneTimeCodes
    box: SecretBox

    async def challenge(
        self, work: UnitOfWork, user: User, now: datetime, *, is_known_device: bool
    ) -> SecondFactorRequired | None:
        """Store a sign-in that waits, and return what says so; None where the account asks for no factor."""
        factor = await work.factors.get(user.user_id)
        if factor is None or factor.confirmed_at is None:
            return None
        token = self.secrets.new()
        await work.factors.add_challenge(
            Challenge(
                token_digest=digest(token),
                user_id=user.user_id,
                is_known_device=is_known_device,
                expires_at=now + CHALLENGE_LIFE,
            )
        )
        own = await work.passkeys.of_user(user.user_id)
        return SecondFactorRequired(token, has_passkeys=bool(own))

    async def accepts(self, work: UnitOfWork, factor: SecondFactor, code: str, now: datetime) -> bool:
        """Whether a code of the app or of the paper is good; it is used up by that."""
        if step := self.step_of(factor, code, now):
            await work.factors.save(factor.used(step))
            return True
        return await work.factors.use_code(factor.user_id, recovery_digest(code), now)

    def step_of(self, factor: SecondFactor, code: str, now: datetime) -> int | None:
        """Return the half minute of an app's code that was not used yet; None for any other code."""
        secret = self.box.open(factor.sealed_secret)
        if secret is None:
            log.error("a second factor can't be read: its key is gone", user_id=factor.user_id)
            return None
        step = self.codes.step_of(secret, code.replace(" ", ""), now)
        return step if step is not None and step > factor.last_step else None
