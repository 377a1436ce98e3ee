"""New identifiers."""

from typing import Protocol


class IdSource(Protocol):
    """Makes ids that are unique everywhere and sort by time."""

    def new(self, prefix: str) -> str:
        """Make an id such as `usr_` and 32 hexadecimal digits."""
        ...
