"""How many requests wait for their generations."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.domain.identifiers import UserId


class WaitingRoom:
    """Counts the requests of this process that wait: each holds a connection and follows the feed."""

    def __init__(self, *, places: int, per_user_max: int) -> None:
        self._places = places
        self._per_user_max = per_user_max
        self._waiting: dict[UserId, int] = defaultdict(int)

    @contextmanager
    def place(self, user_id: UserId) -> Iterator[bool]:
        """Keep a place while the block runs; False where there is none, for this user or for anybody."""
        if sum(self._waiting.values()) >= self._places or self._waiting.get(user_id, 0) >= self._per_user_max:
            yield False
            return
        self._waiting[user_id] += 1
        try:
            yield True
        finally:
            self._waiting[user_id] -= 1
            if not self._waiting[user_id]:
                del self._waiting[user_id]
