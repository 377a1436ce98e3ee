"""Where a request comes from."""

from fastapi import Request

from gateway.domain.client import Client

USER_AGENT_LENGTH_MAX = 512


def client_address(request: Request) -> str:
    """Return the peer's address, for which the server has put a trusted proxy's word where there is one."""
    return request.client.host if request.client else "unknown"


def client_of(request: Request) -> Client:
    """Return where a request comes from."""
    user_agent = request.headers.get("user-agent", "")[:USER_AGENT_LENGTH_MAX]
    return Client(address=client_address(request), user_agent=user_agent or None)
