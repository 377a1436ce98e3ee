"""Log out of the console."""

from dataclasses import dataclass

from gateway.application.end_console_session import ConsoleSessionEnder
from gateway.domain.console_session import cookie_digest, is_cookie


@dataclass(frozen=True)
class LogOutHandler:
    """Ends the session behind a cookie."""

    sessions: ConsoleSessionEnder

    async def __call__(self, cookie: str) -> None:
        """End the session here and at identity; nothing happens when there is none."""
        if is_cookie(cookie):
            await self.sessions.end(cookie_digest(cookie))
