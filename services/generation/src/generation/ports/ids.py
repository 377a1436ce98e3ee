"""Names for new things."""

from typing import Protocol


class IdSource(Protocol):
    """Makes ids that sort by the time they were made."""

    def new(self, prefix: str) -> str:
        """`<prefix>_` and 32 hex characters, never the same twice."""
        ...
