"""Ids that a test can foretell."""

from dataclasses import dataclass


@dataclass
class CountingIds:
    """Makes `gen_0000...1`, `gen_0000...2`: sorted by when they were made; fits every `IdSource` port.

    One count serves all prefixes. `digits` is 32 for ids that look like the real ones.
    """

    count: int = 0
    digits: int = 32

    def new(self, prefix: str) -> str:
        """Return the next id with this prefix."""
        self.count += 1
        return f"{prefix}_{self.count:0{self.digits}d}"
