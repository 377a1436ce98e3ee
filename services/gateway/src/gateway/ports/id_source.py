"""Fresh ids."""

from typing import Protocol


class IdSource(Protocol):
    """Makes ids that sort by the time they were made."""

    def new(self, prefix: str) -> str:
        """Return a fresh id: the prefix, an underscore and 32 hex digits."""
        ...
