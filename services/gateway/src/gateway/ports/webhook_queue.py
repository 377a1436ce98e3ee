"""What is to be sent, from whoever hears facts to whoever sends: every account's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.identifiers import AccountId, FactId, WebhookEndpointId
from gateway.domain.webhook import Attempt, ClaimedDelivery, Settlement, WebhookEndpoint, WebhookMessage


class WebhookQueue(Protocol):
    """Several processes take from it at once; each delivery is one's at a time."""

    async def record(self, fact_id: FactId, message: WebhookMessage, *, now: datetime) -> int:
        """Have a message sent to everybody of the account who wants it; returns to how many.

        A fact that comes again has no second effect: that it was heard is kept in the same transaction.
        """
        ...

    async def claim(
        self, *, now: datetime, until: datetime, count_max: int, per_receiver_max: int
    ) -> Sequence[ClaimedDelivery]:
        """Take deliveries that are due, the longest due first, until then: no other process gets them.

        Of one receiver at most so many are taken at a time, by all processes together, so that one that is
        slow holds up no other. What a process that died had taken is free again at `until`. Being taken is
        an attempt.
        """
        ...

    async def settle(
        self,
        claimed: ClaimedDelivery,
        attempt: Attempt,
        settlement: Settlement,
        *,
        now: datetime,
        failing_max: timedelta,
    ) -> bool:
        """Keep what came of an attempt, and what follows for the endpoint, in one transaction.

        False, and nothing is kept, where the delivery is another's or was settled by now.
        """
        ...

    async def untold(self, *, after: WebhookEndpointId | None, count_max: int) -> Sequence[WebhookEndpoint]:
        """Return endpoints that were disabled here and whose owners were not told yet, in the order of their
        ids, those that come after one."""
        ...

    async def mark_told(self, endpoint: WebhookEndpoint) -> None:
        """Note that its owner was told of it as it is said to be: of no other time that it was disabled."""
        ...

    async def purge(self, *, before: datetime, count_max: int) -> int:
        """Forget deliveries that ended, and webhooks of requests made, before then; returns how many.

        What waits to be sent again stays, however old it is, and the webhook of its request with it.
        """
        ...

    async def forget(self, account_id: AccountId) -> None:
        """Forget everything of an account; again changes nothing."""
        ...
