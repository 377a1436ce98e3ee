"""Where new ids come from."""

from typing import Protocol


class IdSource(Protocol):
    """Makes ids that sort by the time they were made and never repeat."""

    def new(self, prefix: str) -> str:
        """Return a fresh id with this prefix, such as `chk_...`."""
