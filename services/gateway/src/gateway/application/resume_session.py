"""Find the console session behind a cookie, and keep it alive by use."""

from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.application.end_console_session import ConsoleSessionEnder
from gateway.application.open_sessions import OpenSessions
from gateway.application.refresh_console_session import ConsoleSessionRefresher
from gateway.domain.client import UNKNOWN_CLIENT, Client
from gateway.domain.console_session import ConsoleSession, cookie_digest, is_cookie
from gateway.domain.identifiers import SessionId
from gateway.ports.clock import Clock
from gateway.ports.console_sessions import ConsoleSessionStore

_TOUCH_EVERY = timedelta(minutes=1)
_REFRESH_EARLY = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class ResumeSessionHandler:
    """Says who is behind a cookie; a session without use ends after `idle`."""

    store: ConsoleSessionStore
    clock: Clock
    open_sessions: OpenSessions
    refresher: ConsoleSessionRefresher
    ender: ConsoleSessionEnder
    idle: timedelta

    async def __call__(self, cookie: str, client: Client = UNKNOWN_CLIENT) -> ConsoleSession | None:
        """Return the session with an access token that is good, or None: log in again.

        A session that has ended at identity is over here too. Raises Unavailable when identity can't say.

        Refreshes the tokens shortly before they expire, one request at a time; the others carry on with
        the old ones while those last, and wait otherwise.
        """
        if not is_cookie(cookie):
            return None
        digest = cookie_digest(cookie)
        session = await self.store.find(digest)
        now = self.clock.now()
        if session is None:
            return None
        if session.is_over(now):
            await self.ender.end(digest)
            return None
        if session.session_id is None or session.access_expires_at - now <= _REFRESH_EARLY:
            session = await self.refresher.refresh(session, client, now)
        if session is None or not await self._stands(session):
            return None
        if now - session.seen_at >= _TOUCH_EVERY:
            session = replace(session, seen_at=now, idle_expires_at=min(now + self.idle, session.expires_at))
            await self.store.touch(digest, seen_at=now, idle_expires_at=session.idle_expires_at)
        return session

    async def _stands(self, session: ConsoleSession) -> bool:
        if await self.open_sessions.stands(session.user_id, session.session_id or SessionId("")):
            return True
        await self.store.remove(session.digest)
        return False
