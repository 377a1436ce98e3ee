"""Follow what happens to an account: a bounded number of streams for each user, while the proof holds."""

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import cast

from gateway.application.account_view import AccountView, Told
from gateway.application.open_sessions import OpenSessions
from gateway.application.until import until
from gateway.domain.errors import RateLimited
from gateway.domain.event import ClientEvent, Delivery, Position
from gateway.domain.identifiers import AccountId, EventId, UserId
from gateway.domain.user import Principal
from gateway.ports.clock import Clock
from gateway.ports.event_feed import EventFeed
from gateway.ports.event_ids import EventIds
from gateway.ports.generation import Generations
from gateway.ports.ledger import Ledger


class FollowEvents:
    """Opens streams of events, a bounded number for each user."""

    def __init__(
        self,
        feed: EventFeed,
        ids: EventIds,
        generations: Generations,
        ledger: Ledger,
        clock: Clock,
        open_sessions: OpenSessions,
        *,
        streams_per_user_max: int,
    ) -> None:
        self._feed = feed
        self._ids = ids
        self._generations = generations
        self._ledger = ledger
        self._clock = clock
        self._open_sessions = open_sessions
        self._streams_per_user_max = streams_per_user_max
        self._open: dict[str, int] = defaultdict(int)

    def admit(self, principal: Principal) -> None:
        """Raise RateLimited when this user has as many streams open as one may have."""
        if self._open.get(principal.user_id, 0) >= self._streams_per_user_max:
            raise RateLimited(
                f"At most {self._streams_per_user_max} event streams may be open at once.",
                retry_after_s=5,
                reason="TOO_MANY_STREAMS",
            )

    async def __call__(
        self, principal: Principal, last_event_id: EventId | None
    ) -> AsyncIterator[ClientEvent]:
        """Deliver events after an id, or from now on without one, until proof, session or feed end.

        An id that can't be followed (another account's, forged, garbled, too old) starts from now as well,
        with the balance and the newest generations as they are: whoever comes back misses no state.
        """
        self.admit(principal)
        account_id = principal.user_id
        after = self._ids.open(account_id, last_event_id) if last_event_id else None
        view = AccountView(self._generations, self._ledger, account_id, after)
        with self._counted(account_id):
            following = cast(AsyncGenerator[Delivery, None], self._feed.follow(account_id, after))
            deliveries = until(self._open_sessions.ended(principal), following)
            async with aclosing(deliveries):
                async for delivery in deliveries:
                    if self._clock.now() >= principal.expires_at:
                        return
                    if delivery.is_fresh and last_event_id:
                        for state in await view.snapshot():
                            yield ClientEvent(event_id=None, told=state)
                    async for told in view.seen(delivery):
                        yield self._event(account_id, told, view)
                async for told in view.held():
                    yield self._event(account_id, told, view)

    def _event(self, account_id: AccountId, told: Told, view: AccountView) -> ClientEvent:
        cursor, state = told
        if isinstance(cursor, Position):
            cursor = replace(cursor, balance=view.shown_balance)
        return ClientEvent(event_id=self._ids.seal(account_id, cursor), told=state)

    @contextmanager
    def _counted(self, user_id: UserId) -> Iterator[None]:
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]
