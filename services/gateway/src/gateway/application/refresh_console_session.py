"""Give a console session new tokens: one request does it, the others carry on or wait."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.client import Client
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Unauthenticated
from gateway.ports.clock import Clock
from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.identity import Identity

_LEASE = timedelta(seconds=15)
_WAIT_STEP_S = 0.05
_WAIT_STEPS_MAX = 200


@dataclass(frozen=True)
class ConsoleSessionRefresher:
    """Trades refresh tokens at identity, each of them once."""

    store: ConsoleSessionStore
    identity: Identity
    clock: Clock

    async def refresh(self, session: ConsoleSession, client: Client, now: datetime) -> ConsoleSession | None:
        """Return the session with tokens that are good, or None when it is over.

        Raises Unavailable when identity can't say.
        """
        for _ in range(_WAIT_STEPS_MAX):
            claimed = await self.store.claim_refresh(
                session.digest, now=self.clock.now(), until=self.clock.now() + _LEASE
            )
            if claimed is not None:
                if claimed.access_expires_at > session.access_expires_at:
                    # Another request was faster; its tokens are as good as ours would be.
                    await self.store.release_refresh(session.digest)
                    return claimed
                return await self._traded(claimed, client)
            if _is_usable(session, now):
                return session
            await asyncio.sleep(_WAIT_STEP_S)
            latest = await self.store.find(session.digest)
            if latest is None or _is_usable(latest, now):
                return latest
        return None

    async def _traded(self, session: ConsoleSession, client: Client) -> ConsoleSession | None:
        # A lease instead of a row lock: no transaction stays open while identity is asked.
        try:
            signed_in = await self.identity.refresh(session.refresh_token, client)
        except Unauthenticated:
            await self.store.remove(session.digest)
            return None
        except BaseException:
            await self.store.release_refresh(session.digest)
            raise
        expires_at = self.clock.now() + timedelta(seconds=signed_in.tokens.expires_in_s)
        await self.store.store_refreshed(session.digest, signed_in, access_expires_at=expires_at)
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
