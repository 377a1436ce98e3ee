"""What pages promise to whoever has no account yet."""

from gateway.adapters.inbound.deps import Deps
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError


async def promised_credits(deps: Deps, session: ConsoleSession | None = None) -> int:
    """Return what a new person is welcomed with, as the ledger decides; 0 where nothing is to be promised.

    Nothing is promised to somebody signed in, nor while the ledger can't say: the page is whole without it.
    """
    if session is not None:
        return 0
    try:
        return await deps.ledger.welcome_credits()
    except GatewayError:
        return 0
