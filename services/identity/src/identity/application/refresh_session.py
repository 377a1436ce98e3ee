"""Trade a refresh token for a new pair."""

from dataclasses import dataclass, field

from identity.application.end_session import SessionEnder
from identity.application.open_session import OpenedSession, SessionOpener
from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.errors import IdentityError, InvalidRefreshToken, RefreshTokenReused
from identity.domain.secret import SecretDigest, digest
from identity.domain.session import EndReason, refusal
from identity.ports.clock import Clock
from identity.ports.directory import Directory, SessionRef
from identity.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class RefreshSession:
    """A client shows its refresh token."""

    refresh_token: str = field(repr=False)
    client: Client = UNKNOWN_CLIENT


@dataclass(frozen=True)
class RefreshSessionHandler:
    """Honours each refresh token once; the session's row lock decides between two who come together.

    The first of them gets a pair, the second ends the session and with it that pair: strict, since
    the server can't tell an impatient client from a thief.
    """

    units: UnitsOfWork
    directory: Directory
    sessions: SessionOpener
    ender: SessionEnder
    clock: Clock

    async def __call__(self, command: RefreshSession) -> OpenedSession:
        """Return a new pair. Raises InvalidRefreshToken, RefreshTokenReused, SessionEnded or UserDisabled."""
        token_digest = digest(command.refresh_token)
        ref = await self.directory.session_by_refresh_token(token_digest)
        if ref is None:
            raise InvalidRefreshToken
        async with self.units.of(ref.user_id) as work:
            outcome = await self._rotate(work, ref, token_digest, command.client)
        # Raised only here, because the end of a session after reuse has to be committed.
        if isinstance(outcome, IdentityError):
            raise outcome
        return outcome

    async def _rotate(
        self, work: UnitOfWork, ref: SessionRef, token_digest: SecretDigest, client: Client
    ) -> OpenedSession | IdentityError:
        session = await work.sessions.lock(ref.session_id)
        token = await work.sessions.token(token_digest)
        now = self.clock.now()
        refused = refusal(session, token, now)
        if isinstance(refused, RefreshTokenReused):
            await self.ender.end(work, session, now, EndReason.TOKEN_REUSED)
        if refused is not None:
            return refused
        user = await work.users.get(ref.user_id)
        user.require_enabled()
        await work.sessions.mark_used(token_digest, now)
        return await self.sessions.carry_on(work, user, session, client, now)
