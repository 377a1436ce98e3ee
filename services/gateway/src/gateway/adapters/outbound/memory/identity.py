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
from gateway.adapters.outbound.memory.addresses import MemoryAddresses
from gateway.adapters.outbound.memory.api_keys import MemoryApiKeys
from gateway.adapters.outbound.memory.avatars import MemoryAvatars
from gateway.adapters.outbound.memory.own_sessions import MemorySessions
from gateway.adapters.outbound.memory.password_rule import check_password
from gateway.adapters.outbound.memory.second_factors import MemorySecondFactors
from gateway.adapters.outbound.memory.sign_up_rules import MemorySignUpRules
from gateway.domain.client import UNKNOWN_CLIENT, Client
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    InvalidRequest,
    RateLimited,
    Unauthenticated,
)
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Role, SignedIn, Tokens, User, Welcome

ISSUER, AUDIENCE = "tintype-identity", "tintype"


@dataclass
class MemoryIdentity(
    MemorySignUpRules, MemorySecondFactors, MemoryAddresses, MemorySessions, MemoryApiKeys, MemoryAvatars
):
    """Implements Identity. `mailed` holds the one-time tokens by address, newest last.

    `devices` holds the address that each device token was given for; addresses in `besieged` are closed to
    devices that are not known. `sessions` holds whose each open session is, `families` and `used` which
    session a refresh token is of.
    """

    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    access_ttl: timedelta = timedelta(minutes=15)
    families: dict[str, SessionId] = field(default_factory=dict)
    used: dict[str, SessionId] = field(default_factory=dict)
    mailed: dict[str, list[str]] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    besieged: set[str] = field(default_factory=set)
    welcome_after: Welcome = Welcome.GIVEN
    refreshes: int = 0

    async def sign_up(
        self,
        *,
        email: str,
        password: str,
        full_name: str,
        client: Client = UNKNOWN_CLIENT,
        invitation: str | None = None,
        captcha_token: str | None = None,
    ) -> SignedIn:
        """See Identity."""
        if "@" not in email:
            raise InvalidRequest(
                "No address.", reason="INVALID_EMAIL", fields=[FieldProblem("email", "is no address")]
            )
        is_invited = self.admit(email, invitation=invitation)
        check_password(password, field_name="password")
        self.require_person(captcha_token)
        if email.lower() in self.passwords:
            raise Conflict("An account with this email address exists already.", reason="EMAIL_TAKEN")
        user = User(
            user_id=UserId(f"usr_{secrets.token_hex(16)}"),
            email=email,
            email_verified=is_invited,
            full_name=full_name,
            avatar_url="",
            role=Role.USER,
            created_at=self.clock.now(),
            welcome=Welcome.PENDING,
        )
        self.users[user.user_id] = user
        self.passwords[email.lower()] = password
        self.mailed[email.lower()] = [secrets.token_urlsafe(16)]
        signed_in = self.signed_in(user)
        self.note(signed_in.tokens.session_id, user.user_id, client)
        return replace(signed_in, device_token=self.device(email))

    async def log_in(
        self,
        *,
        email: str,
        password: str,
        client: Client = UNKNOWN_CLIENT,
        device_tokens: Sequence[str] = (),
    ) -> SignedIn:
        """See Identity."""
        is_known = any(self.devices.get(token) == email.lower() for token in device_tokens)
        if email.lower() in self.besieged and not is_known:
            raise RateLimited(
                "Too many attempts. Try again later.", retry_after_s=60, reason="TOO_MANY_ATTEMPTS"
            )
        if self.passwords.get(email.lower()) != password:
            raise Unauthenticated("The email address or the password is wrong.", reason="INVALID_CREDENTIALS")
        if self._by_email(email).user_id in self.disabled:
            raise Forbidden("This account is disabled.", reason="USER_DISABLED")
        self.challenge(self._by_email(email).user_id)
        device_token = None if is_known else self.device(email)
        signed_in = self.signed_in(self._by_email(email))
        self.note(signed_in.tokens.session_id, signed_in.user.user_id, client)
        return replace(signed_in, device_token=device_token)

    async def step_up(
        self,
        user_id: UserId,
        session_id: SessionId,
        *,
        password: str | None,
        code: str | None,
        client_address: str,
    ) -> None:
        """See Identity."""
        self.require_own(user_id, session_id)
        if code is not None:
            self.require_code(user_id, code)
        else:
            self.prove(user_id, password or "")
        self.proven[session_id] = self.clock.now()

    async def complete_log_in(
        self, *, challenge: str, code: str, client: Client = UNKNOWN_CLIENT
    ) -> SignedIn:
        """See Identity."""
        user_id = self.challenges.get(challenge)
        if user_id is None:
            raise Unauthenticated("This sign-in took too long.", reason="CHALLENGE_ENDED")
        self.require_code(user_id, code)
        del self.challenges[challenge]
        signed_in = self.signed_in(self.users[user_id])
        self.note(signed_in.tokens.session_id, user_id, client)
        return replace(signed_in, device_token=self.device(signed_in.user.email))

    async def refresh(self, refresh_token: str, client: Client = UNKNOWN_CLIENT) -> SignedIn:
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
        self.note(session_id, user_id, client)
        return self.signed_in(self.users[user_id], session_id)

    async def log_out(self, refresh_token: str) -> None:
        """See Identity."""
        of_session = self.families.get(refresh_token) or self.used.get(refresh_token)
        if of_session is not None:
            self.sessions.pop(of_session, None)

    async def user(self, user_id: UserId) -> User:
        """See Identity."""
        return self._known(user_id)

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
        if avatar_url and user.avatar_version:
            # One picture: the one that was chosen last.
            changed = replace(changed, avatar_version=None)
            self.avatars.pop(user_id)
        self.users[user_id] = changed
        return changed

    async def request_password_reset(self, *, email: str, client_address: str) -> None:
        """See Identity."""
        if email.lower() in self.passwords:
            self.mailed[email.lower()].append(secrets.token_urlsafe(16))

    async def reset_password(self, *, token: str, new_password: str) -> str | None:
        """See Identity."""
        check_password(new_password, field_name="new_password")
        email = self._take_mailed(token)
        self.passwords[email] = new_password
        user_id = self._by_email(email).user_id
        self.sessions = {session_id: owner for session_id, owner in self.sessions.items() if owner != user_id}
        return self.device(email)

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

    def disable(self, user_id: UserId, *, disabled: bool) -> None:
        """Close somebody's account, which ends every session, or open it again."""
        self.disabled.pop(user_id, None)
        if disabled:
            self.disabled[user_id] = self.clock.now()
            standing = self.sessions.items()
            self.sessions = {session: owner for session, owner in standing if owner != user_id}

    def open_session(self, user: User) -> SessionId:
        """Open a new session of the user."""
        session_id = SessionId(f"ses_{secrets.token_hex(16)}")
        self.sessions[session_id] = user.user_id
        self.note(session_id, user.user_id, UNKNOWN_CLIENT)
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

    def signed_in(self, user: User, session_id: SessionId | None = None) -> SignedIn:
        """Give new tokens, of a new session unless one is named."""
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

    def device(self, email: str) -> str:
        """Give a token by which a device is known."""
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
