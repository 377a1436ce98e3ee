"""Ids that a test can foretell."""

from dataclasses import dataclass


@dataclass
class CountingIds:
    """Makes `usr_00000001`, `ses_00000002`: sorted by when they were made; fits every `IdSource` port.

    One count serves all prefixes. With 32 digits they are as long as the real ones.
    """

    digits: int = 8
    count: int = 0

    def new(self, prefix: str) -> str:
        """Return the next id with this prefix."""
        self.count += 1
        return f"{prefix}_{self.count:0{self.digits}d}"
