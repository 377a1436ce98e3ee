"""What callers' plans open: asked of billing, known for a while, doubted when told of a change."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from gateway.domain.errors import GatewayError
from gateway.domain.identifiers import UserId
from gateway.ports.billing import Billing

KNOWN_MAX = 100_000


class _Answer(NamedTuple):
    words: frozenset[str]
    asked_at_s: float


class KnownEntitlements:
    """Whatever can't be learnt is closed: without billing everybody has what is free.

    An answer counts for `life_s` from when it was asked for, whatever becomes of the fact that tells of a
    change. The fact makes it sooner: `doubt` forgets a user's answer, one that is on its way included.
    """

    def __init__(self, billing: Billing, *, life_s: float, monotonic: Callable[[], float]) -> None:
        self._billing = billing
        self._life_s = life_s
        self._monotonic = monotonic
        self._known: OrderedDict[UserId, _Answer] = OrderedDict()
        self._doubted: OrderedDict[UserId, float] = OrderedDict()

    async def of(self, user_id: UserId) -> frozenset[str]:
        """Return the words that a user's plan opens; none for who has no plan, and while nobody can say."""
        known = self._known.get(user_id)
        if known is not None and self._monotonic() < known.asked_at_s + self._life_s:
            return known.words
        asked_at_s = self._monotonic()
        try:
            subscription = await self._billing.subscription(user_id)
        except GatewayError:
            return frozenset()
        words = frozenset(subscription.entitlements)
        if self._doubted.get(user_id, float("-inf")) < asked_at_s:
            self._remember(user_id, _Answer(words, asked_at_s))
        return words

    def doubt(self, user_id: UserId) -> None:
        """Take nothing for granted any more that was known of this user's plan."""
        now_s = self._monotonic()
        self._known.pop(user_id, None)
        self._doubted[user_id] = now_s
        self._doubted.move_to_end(user_id)
        while next(iter(self._doubted.values())) < now_s - self._life_s:
            self._doubted.popitem(last=False)

    def _remember(self, user_id: UserId, answer: _Answer) -> None:
        self._known[user_id] = answer
        self._known.move_to_end(user_id)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
