"""How many event streams each user has open."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.domain.errors import RateLimited
from gateway.domain.identifiers import UserId


class OpenStreams:
    """Counts the streams of this process."""

    def __init__(self, *, per_user_max: int) -> None:
        self._per_user_max = per_user_max
        self._open: dict[UserId, int] = defaultdict(int)

    @contextmanager
    def admit(self, user_id: UserId) -> Iterator[None]:
        """Count a stream while it is open. Raises RateLimited when the user has as many as one may have."""
        if self._open.get(user_id, 0) >= self._per_user_max:
            raise RateLimited(
                f"At most {self._per_user_max} event streams may be open at once.",
                retry_after_s=5,
                reason="TOO_MANY_STREAMS",
            )
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]
