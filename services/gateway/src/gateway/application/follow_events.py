"""Follow what happens to an account: a bounded number of streams for each user, while the proof holds."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

from gateway.application.account_view import AccountView, Told
from gateway.application.open_streams import OpenStreams
from gateway.application.standing_proofs import StandingProofs
from gateway.application.until import until
from gateway.domain.event import ClientEvent, Delivery, Position
from gateway.domain.identifiers import AccountId, EventId
from gateway.domain.user import Principal
from gateway.ports.clock import Clock
from gateway.ports.event_feed import EventFeed
from gateway.ports.event_ids import EventIds
from gateway.ports.generation import Generations
from gateway.ports.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class FollowEventsHandler:
    """Opens streams of events, a bounded number for each user."""

    feed: EventFeed
    ids: EventIds
    generations: Generations
    ledger: Ledger
    clock: Clock
    proofs: StandingProofs
    open_streams: OpenStreams

    async def __call__(
        self, principal: Principal, last_event_id: EventId | None
    ) -> AsyncIterator[ClientEvent]:
        """Deliver events after an id, or from now on without one, until proof, session or feed end.

        An id that can't be followed (another account's, forged, garbled, too old) starts from now as well,
        with the balance and the newest generations as they are: whoever comes back misses no state. Raises
        RateLimited when this user has as many streams open as one may have.
        """
        account_id = principal.user_id
        with self.open_streams.admit(account_id):
            after = self.ids.open(account_id, last_event_id) if last_event_id else None
            view = AccountView(self.generations, self.ledger, account_id, after)
            following = cast(AsyncGenerator[Delivery, None], self.feed.follow(account_id, after))
            deliveries = until(self.proofs.ended(principal), following)
            async with aclosing(deliveries):
                async for delivery in deliveries:
                    if self.clock.now() >= principal.expires_at:
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
        return ClientEvent(event_id=self.ids.seal(account_id, cursor), told=state)
