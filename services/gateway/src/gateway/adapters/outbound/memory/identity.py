"""Identity in memory: real signatures, plain comparisons."""

import json
import secrets
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from gateway.adapters.outbound.jwt import ALGORITHM, TOKEN_TYPE
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthenticated,
)
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Role, SignedIn, Tokens, User, Welcome
from gateway.ports.clock import Clock

ISSUER, AUDIENCE = "tintype-identity", "tintype"
PASSWORD_LENGTH_MIN = 10


@dataclass
class MemoryIdentity:
    """Implements Identity. `mailed` holds the one-time tokens by address, newest last.

    `devices` holds the address that each device token was given for; addresses in `besieged` are closed to
    devices that are not known. `sessions` holds whose each open session is, `families` and `used` which
    session a refresh token is of.
    """

    clock: Clock
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    access_ttl: timedelta = timedelta(minutes=15)
    users: dict[UserId, User] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    sessions: dict[SessionId, UserId] = field(default_factory=dict)
    families: dict[str, SessionId] = field(default_factory=dict)
    used: dict[str, SessionId] = field(default_factory=dict)
    mailed: dict[str, list[str]] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    besieged: set[str] = field(default_factory=set)
    welcome_after: Welcome = Welcome.GIVEN
    refreshes: int = 0

    async def sign_up(
        self, *, email: str, password: str, full_name: str, client_address: str | None = None
    ) -> SignedIn:
        """See Identity."""
        if "@" not in email:
            raise InvalidRequest(
                "No address.", reason="INVALID_EMAIL", fields=[FieldProblem("email", "is no address")]
            )
        _check_password(password, field_name="password")
        if email.lower() in self.passwords:
            raise Conflict("An account with this email address exists already.", reason="EMAIL_TAKEN")
        user = User(
            user_id=UserId(f"usr_{secrets.token_hex(16)}"),
            email=email,
            email_verified=False,
            full_name=full_name,
            avatar_url="",
            role=Role.USER,
            created_at=self.clock.now(),
            welcome=Welcome.PENDING,
        )
        self.users[user.user_id] = user
        self.passwords[email.lower()] = password
        self.mailed[email.lower()] = [secrets.token_urlsafe(16)]
        return replace(self._signed_in(user), device_token=self._device(email))

    async def log_in(
        self, *, email: str, password: str, client_address: str, device_tokens: Sequence[str] = ()
    ) -> SignedIn:
        """See Identity."""
        is_known = any(self.devices.get(token) == email.lower() for token in device_tokens)
        if email.lower() in self.besieged and not is_known:
            raise RateLimited(
                "Too many attempts. Try again later.", retry_after_s=60, reason="TOO_MANY_ATTEMPTS"
            )
        if self.passwords.get(email.lower()) != password:
            raise Unauthenticated("The email address or the password is wrong.", reason="INVALID_CREDENTIALS")
        device_token = None if is_known else self._device(email)
        return replace(self._signed_in(self._by_email(email)), device_token=device_token)

    async def refresh(self, refresh_token: str) -> SignedIn:
        """See Identity."""
        self.refreshes += 1
        if refresh_token in self.used:
            self.sessions.pop(self.used[refresh_token], None)
            raise Unauthenticated("The refresh token was used before.", reason="REFRESH_TOKEN_REUSED")
        session_id = self.families.get(refresh_token)
        user_id = self.sessions.get(session_id) if session_id is not None else None
        if session_id is None or user_id is None:
            raise Unauthenticated("The session is unknown.", reason="INVALID_REFRESH_TOKEN")
        self.used[refresh_token] = self.families.pop(refresh_token)
        return self._signed_in(self.users[user_id], session_id)

    async def log_out(self, refresh_token: str) -> None:
        """See Identity."""
        of_session = self.families.get(refresh_token) or self.used.get(refresh_token)
        if of_session is not None:
            self.sessions.pop(of_session, None)

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """See Identity."""
        return frozenset(session_id for session_id in session_ids if session_id in self.sessions)

    async def user(self, user_id: UserId) -> User:
        """See Identity."""
        if user_id not in self.users:
            raise NotFound("There is no such user.", reason="USER_NOT_FOUND")
        return self.users[user_id]

    async def update_profile(self, user_id: UserId, *, full_name: str | None, avatar_url: str | None) -> User:
        """See Identity."""
        user = await self.user(user_id)
        if avatar_url and not avatar_url.startswith("https://"):
            raise InvalidRequest(
                "The avatar must be an https:// URL.",
                reason="INVALID_FIELD",
                fields=[FieldProblem("avatar_url", "must be an https:// URL")],
            )
        changed = replace(
            user,
            full_name=user.full_name if full_name is None else full_name,
            avatar_url=user.avatar_url if avatar_url is None else avatar_url,
        )
        self.users[user_id] = changed
        return changed

    async def request_password_reset(self, *, email: str, client_address: str) -> None:
        """See Identity."""
        if email.lower() in self.passwords:
            self.mailed[email.lower()].append(secrets.token_urlsafe(16))

    async def reset_password(self, *, token: str, new_password: str) -> str | None:
        """See Identity."""
        _check_password(new_password, field_name="new_password")
        email = self._take_mailed(token)
        self.passwords[email] = new_password
        user_id = self._by_email(email).user_id
        self.sessions = {session_id: owner for session_id, owner in self.sessions.items() if owner != user_id}
        return self._device(email)

    async def request_verification(self, user_id: UserId, *, client_address: str) -> None:
        """See Identity."""
        user = await self.user(user_id)
        if not user.email_verified:
            self.mailed[user.email.lower()].append(secrets.token_urlsafe(16))

    async def verify_email(self, token: str) -> User:
        """See Identity."""
        user = replace(self._by_email(self._take_mailed(token)), email_verified=True)
        if user.welcome is Welcome.PENDING:
            user = replace(user, welcome=self.welcome_after)
        self.users[user.user_id] = user
        return user

    async def jwks(self) -> str:
        """See Identity."""
        public = {**self.key.as_dict(private=False), "kid": self.key.thumbprint(), "use": "sig"}
        return json.dumps({"keys": [public]})

    def open_session(self, user: User) -> SessionId:
        """Open a new session of the user."""
        session_id = SessionId(f"ses_{secrets.token_hex(16)}")
        self.sessions[session_id] = user.user_id
        return session_id

    def access_token(self, user: User, **claims: object) -> str:
        """Sign a token as identity does, of a new session; claims given here replace the right ones."""
        issued_at = int(self.clock.now().timestamp())
        right = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user.user_id,
            "email": user.email,
            "role": user.role.value,
            "sid": claims["sid"] if "sid" in claims else self.open_session(user),
            "iat": issued_at,
            "exp": issued_at + int(self.access_ttl.total_seconds()),
        }
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self.key.thumbprint()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode(header, {**right, **claims}, self.key, algorithms=[ALGORITHM])

    def _signed_in(self, user: User, session_id: SessionId | None = None) -> SignedIn:
        refresh_token = secrets.token_urlsafe(32)
        session_id = session_id or self.open_session(user)
        self.families[refresh_token] = session_id
        return SignedIn(
            user=user,
            tokens=Tokens(
                access_token=self.access_token(user, sid=session_id),
                session_id=session_id,
                refresh_token=refresh_token,
                expires_in_s=int(self.access_ttl.total_seconds()),
                refresh_expires_at=self.clock.now() + timedelta(days=30),
            ),
        )

    def _device(self, email: str) -> str:
        device_token = secrets.token_urlsafe(16)
        self.devices[device_token] = email.lower()
        return device_token

    def _by_email(self, email: str) -> User:
        return next(user for user in self.users.values() if user.email.lower() == email.lower())

    def _take_mailed(self, token: str) -> str:
        for email, tokens in self.mailed.items():
            if token in tokens:
                tokens.remove(token)
                return email
        raise InvalidRequest(
            "This link is not valid, was used before or has expired.",
            reason="INVALID_TOKEN",
            fields=[FieldProblem("token", "is not valid")],
        )


def _check_password(password: str, *, field_name: str) -> None:
    if len(password) < PASSWORD_LENGTH_MIN:
        raise InvalidRequest(
            "The password is too short.",
            reason="WEAK_PASSWORD",
            fields=[FieldProblem(field_name, f"at least {PASSWORD_LENGTH_MIN} characters")],
        )
