"""Second factors in memory: codes as apps make them (RFC 6238), good once each."""

import base64
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest, SecondFactorRequired
from gateway.domain.identifiers import UserId
from gateway.domain.second_factor import FactorSecret, SecondFactor
from gateway.domain.user import User
from gateway.ports.clock import Clock


@dataclass(frozen=True)
class KeptFactor:
    """An app's secret, when it was confirmed, and which codes were used or are good on paper."""

    secret: str
    confirmed_at: datetime | None = None
    used: frozenset[str] = frozenset()
    recovery_codes: frozenset[str] = frozenset()


@dataclass
class MemorySecondFactors:
    """The part of Identity that is about second factors; `challenges` holds whose sign-in waits.

    `passkey_owners` are those of whom the fake of passkeys keeps one.
    """

    clock: Clock
    users: dict[UserId, User] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    factors: dict[UserId, KeptFactor] = field(default_factory=dict)
    challenges: dict[str, UserId] = field(default_factory=dict)
    passkey_owners: set[UserId] = field(default_factory=set)

    async def begin_second_factor(
        self, user_id: UserId, *, password: str, client_address: str
    ) -> FactorSecret:
        """See Identity."""
        self.require_confirmed(user_id)
        self.prove(user_id, password)
        self._require_off(user_id)
        secret = base64.b32encode(secrets.token_bytes(20)).decode()
        self.factors[user_id] = KeptFactor(secret)
        account = self.users[user_id].email
        return FactorSecret(secret=secret, uri=f"otpauth://totp/Tintype:{account}?secret={secret}")

    async def confirm_second_factor(self, user_id: UserId, *, code: str, client_address: str) -> list[str]:
        """See Identity."""
        self.require_confirmed(user_id)
        self._require_off(user_id)
        if user_id not in self.factors:
            raise _refused("WRONG_CODE", "code")
        self.require_code(user_id, code)
        codes = [secrets.token_hex(8) for _ in range(10)]
        self.factors[user_id] = replace(
            self.factors[user_id], confirmed_at=self.clock.now(), recovery_codes=frozenset(codes)
        )
        return codes

    async def remove_second_factor(
        self, user_id: UserId, *, password: str, code: str, client_address: str
    ) -> None:
        """See Identity."""
        self.prove(user_id, password)
        if user_id in self.factors:
            self.require_code(user_id, code)
            del self.factors[user_id]

    async def second_factor(self, user_id: UserId) -> SecondFactor:
        """See Identity."""
        kept = self.factors.get(user_id)
        return SecondFactor(
            confirmed_at=kept.confirmed_at if kept else None,
            recovery_codes_left=len(kept.recovery_codes) if kept else 0,
        )

    def challenge(self, user_id: UserId) -> None:
        """Raise SecondFactorRequired where the account asks for one."""
        kept = self.factors.get(user_id)
        if kept is not None and kept.confirmed_at is not None:
            challenge = secrets.token_urlsafe(16)
            self.challenges[challenge] = user_id
            raise SecondFactorRequired(
                "A code of your authenticator app is needed.",
                challenge=challenge,
                has_passkeys=user_id in self.passkey_owners,
            )

    def require_code(self, user_id: UserId, code: str) -> None:
        """Use a code up. Raises InvalidRequest."""
        kept = self.factors.get(user_id)
        if kept is None:
            raise _refused("WRONG_CODE", "code")
        if code in kept.recovery_codes:
            self.factors[user_id] = replace(kept, recovery_codes=kept.recovery_codes - {code})
        elif code == code_at(kept.secret, self.clock.now()) and code not in kept.used:
            self.factors[user_id] = replace(kept, used=kept.used | {code})
        else:
            raise _refused("WRONG_CODE", "code")

    def require_confirmed(self, user_id: UserId) -> None:
        """Raise Conflict while the address is not proven."""
        if not self.users[user_id].email_verified:
            raise Conflict("Confirm your email address first.", reason="EMAIL_NOT_CONFIRMED")

    def prove(self, user_id: UserId, password: str) -> None:
        """Compare a password. Raises InvalidRequest."""
        if self.passwords[self.users[user_id].email.lower()] != password:
            raise _refused("WRONG_PASSWORD", "password")

    def _require_off(self, user_id: UserId) -> None:
        kept = self.factors.get(user_id)
        if kept is not None and kept.confirmed_at is not None:
            raise Conflict("Your account asks for a second factor already.", reason="SECOND_FACTOR_ON")


def code_at(secret: str, now: datetime) -> str:
    """Return the code that an app shows at a moment."""
    step = (int(now.timestamp()) // 30).to_bytes(8, "big")
    hashed = hmac.digest(base64.b32decode(secret), step, "sha1")
    offset = hashed[-1] & 15
    return f"{(int.from_bytes(hashed[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def _refused(reason: str, field_name: str) -> InvalidRequest:
    return InvalidRequest("It is wrong.", reason=reason, fields=[FieldProblem(field_name, "is wrong")])
