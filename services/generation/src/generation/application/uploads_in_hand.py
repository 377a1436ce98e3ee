"""How many files are coming in at a time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from generation.domain.errors import TooManyUploads
from generation.domain.identifiers import AccountId


@dataclass
class UploadsInHand:
    """A file that comes slowly takes room for as long; nobody's may take all of it."""

    per_account_max: int = 4
    overall_max: int = 32
    _open: Counter[AccountId] = field(default_factory=Counter)

    @contextmanager
    def one_more(self, account_id: AccountId) -> Iterator[None]:
        """Count a file while it comes in. Raises TooManyUploads."""
        if self._open[account_id] >= self.per_account_max or self._open.total() >= self.overall_max:
            raise TooManyUploads("too many files are coming in at once; try again")
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]
