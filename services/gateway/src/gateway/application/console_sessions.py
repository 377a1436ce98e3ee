"""Console sessions: opened by a password, kept alive by use, refreshed by one request at a time."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.application.open_sessions import OpenSessions
from gateway.domain.console_session import ConsoleSession, cookie_digest
from gateway.domain.errors import Unauthenticated
from gateway.domain.identifiers import SessionId
from gateway.domain.user import Principal, SignedIn
from gateway.ports.clock import Clock
from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.identity import Identity
from gateway.ports.secret_source import SecretSource

_COOKIE = re.compile(r"[A-Za-z0-9_-]{32,128}")
_TOUCH_EVERY = timedelta(minutes=1)
_REFRESH_EARLY = timedelta(seconds=60)
_REFRESH_LEASE = timedelta(seconds=15)
_WAIT_STEP_S = 0.05
_WAIT_STEPS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class OpenedSession:
    """A new session; `cookie` is the only copy of its secret."""

    cookie: str
    session: ConsoleSession
    device_token: str | None = None
    """For the browser to keep beyond the session, so that it is known at the next log-in."""


class ConsoleSessions:
    """The console's log-in, log-out and who-is-this."""

    def __init__(
        self,
        identity: Identity,
        store: ConsoleSessionStore,
        secrets: SecretSource,
        clock: Clock,
        open_sessions: OpenSessions,
        *,
        idle: timedelta,
        lifetime: timedelta,
    ) -> None:
        self._identity = identity
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._open_sessions = open_sessions
        self._idle = idle
        self._lifetime = lifetime

    async def sign_up(
        self, *, email: str, password: str, full_name: str, client_address: str = ""
    ) -> OpenedSession:
        """Open an account and a session for it; raises what Identity.sign_up raises."""
        return await self._open(
            await self._identity.sign_up(
                email=email, password=password, full_name=full_name, client_address=client_address
            )
        )

    async def log_in(
        self, *, email: str, password: str, client_address: str, device_tokens: Sequence[str] = ()
    ) -> OpenedSession:
        """Open a session; raises what Identity.log_in raises."""
        return await self._open(
            await self._identity.log_in(
                email=email,
                password=password,
                client_address=client_address,
                device_tokens=device_tokens,
            )
        )

    async def current(self, cookie: str) -> ConsoleSession | None:
        """The session behind a cookie with an access token that is good, or None: log in again.

        A session that has ended at identity is over here too. Raises Unavailable when identity can't say.

        Refreshes the tokens shortly before they expire, one request at a time; the others carry on with
        the old ones while those last, and wait otherwise.
        """
        if not _COOKIE.fullmatch(cookie):
            return None
        digest = cookie_digest(cookie)
        session = await self._store.find(digest)
        now = self._clock.now()
        if session is None:
            return None
        if session.is_over(now):
            await self._end(digest)
            return None
        if session.session_id is None or session.access_expires_at - now <= _REFRESH_EARLY:
            session = await self._refreshed(session, now)
        if session is None or not await self._stands(session):
            return None
        if now - session.seen_at >= _TOUCH_EVERY:
            session = replace(session, seen_at=now, idle_expires_at=min(now + self._idle, session.expires_at))
            await self._store.touch(digest, seen_at=now, idle_expires_at=session.idle_expires_at)
        return session

    async def log_out(self, cookie: str) -> None:
        """End the session here and at identity; nothing happens when there is none."""
        if _COOKIE.fullmatch(cookie):
            await self._end(cookie_digest(cookie))

    async def remove_expired(self) -> None:
        """Forget sessions that nobody came back to; called now and then."""
        await self._store.remove_expired(self._clock.now(), count_max=1_000)

    def principal(self, session: ConsoleSession) -> Principal:
        """Whom a session speaks for."""
        return Principal(
            user_id=session.user_id,
            email=session.email,
            role=session.role,
            expires_at=session.access_expires_at,
            # A current session has one.
            session_id=SessionId(session.session_id or SessionId("")),
        )

    async def _open(self, signed_in: SignedIn) -> OpenedSession:
        cookie, now = self._secrets.new(), self._clock.now()
        expires_at = min(now + self._lifetime, signed_in.tokens.refresh_expires_at)
        session = ConsoleSession(
            digest=cookie_digest(cookie),
            user_id=signed_in.user.user_id,
            email=signed_in.user.email,
            role=signed_in.user.role,
            csrf_token=self._secrets.new(),
            access_token=signed_in.tokens.access_token,
            access_expires_at=now + timedelta(seconds=signed_in.tokens.expires_in_s),
            refresh_token=signed_in.tokens.refresh_token,
            session_id=signed_in.tokens.session_id,
            created_at=now,
            seen_at=now,
            idle_expires_at=min(now + self._idle, expires_at),
            expires_at=expires_at,
        )
        await self._store.add(session)
        return OpenedSession(cookie=cookie, session=session, device_token=signed_in.device_token)

    async def _end(self, digest: bytes) -> None:
        if session := await self._store.remove(digest):
            await self._identity.log_out(session.refresh_token)

    async def _stands(self, session: ConsoleSession) -> bool:
        if await self._open_sessions.stands(session.user_id, session.session_id or SessionId("")):
            return True
        await self._store.remove(session.digest)
        return False

    async def _refreshed(self, session: ConsoleSession, now: datetime) -> ConsoleSession | None:
        for _ in range(_WAIT_STEPS_MAX):
            claimed = await self._store.claim_refresh(
                session.digest, now=self._clock.now(), until=self._clock.now() + _REFRESH_LEASE
            )
            if claimed is not None:
                if claimed.access_expires_at > session.access_expires_at:
                    # Another request was faster; its tokens are as good as ours would be.
                    await self._store.release_refresh(session.digest)
                    return claimed
                return await self._refresh(claimed)
            if _is_usable(session, now):
                return session
            await asyncio.sleep(_WAIT_STEP_S)
            latest = await self._store.find(session.digest)
            if latest is None or _is_usable(latest, now):
                return latest
        return None

    async def _refresh(self, session: ConsoleSession) -> ConsoleSession | None:
        # A lease instead of a row lock: no transaction stays open while identity is asked.
        try:
            signed_in = await self._identity.refresh(session.refresh_token)
        except Unauthenticated:
            await self._store.remove(session.digest)
            return None
        except BaseException:
            await self._store.release_refresh(session.digest)
            raise
        expires_at = self._clock.now() + timedelta(seconds=signed_in.tokens.expires_in_s)
        await self._store.store_refreshed(session.digest, signed_in, access_expires_at=expires_at)
        return replace(
            session,
            access_token=signed_in.tokens.access_token,
            access_expires_at=expires_at,
            refresh_token=signed_in.tokens.refresh_token,
            session_id=signed_in.tokens.session_id,
            email=signed_in.user.email,
            role=signed_in.user.role,
        )


def _is_usable(session: ConsoleSession, now: datetime) -> bool:
    return session.session_id is not None and session.access_expires_at > now
