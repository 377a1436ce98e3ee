"""How many jobs run in calls of this process, and for whom."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from generation.domain.errors import TooManyStreams
from generation.domain.identifiers import AccountId


class AccountSlots:
    """As many at once as `most`, and as `per_account_most` of one account; `noun` says what they are."""

    def __init__(self, noun: str, *, most: int, per_account_most: int) -> None:
        self._noun = noun
        self._most = most
        self._per_account_most = per_account_most
        self._accounts: Counter[AccountId] = Counter()

    @contextlib.contextmanager
    def slot(self, account_id: AccountId) -> Iterator[None]:
        """Hold one while the block runs. Raises TooManyStreams where none is free."""
        if self._accounts.total() >= self._most:
            raise TooManyStreams(f"as many {self._noun} run here as may; try again soon")
        if self._accounts[account_id] >= self._per_account_most:
            raise TooManyStreams(f"this account has {self._per_account_most} {self._noun} that run")
        self._accounts[account_id] += 1
        try:
            yield
        finally:
            self._accounts[account_id] -= 1
            if not self._accounts[account_id]:
                del self._accounts[account_id]
