"""Where a request comes from, as people are shown it beside their sessions."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client's address, and what its software calls itself."""

    address: str | None = None
    user_agent: str | None = None


UNKNOWN_CLIENT = Client()
"""Nothing is known of where a request comes from."""
