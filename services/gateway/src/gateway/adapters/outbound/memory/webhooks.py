"""Webhooks in memory: endpoints, the log, and what is to be sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from gateway.adapters.outbound.memory.webhook_endpoints import MemoryWebhookEndpoints
from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest, NotFound
from gateway.domain.identifiers import (
    AccountId,
    DeliveryId,
    FactId,
    GenerationId,
    WebhookEndpointId,
)
from gateway.domain.page import Page
from gateway.domain.webhook import (
    Attempt,
    Callback,
    ClaimedDelivery,
    DeliveryState,
    Settlement,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
    disabled_by,
)


@dataclass
class MemoryWebhooks(MemoryWebhookEndpoints):
    """Implements WebhookEndpoints and WebhookQueue."""

    heard: set[FactId] = field(default_factory=set)
    made: int = 0

    async def deliveries(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId | None,
        *,
        generation_id: GenerationId | None = None,
        cursor: str | None,
        limit: int,
    ) -> Page[WebhookDelivery]:
        """See WebhookEndpoints."""
        if cursor is not None and not cursor.startswith("dlv_"):
            raise InvalidRequest("That is no cursor.", fields=[FieldProblem("cursor", "is no cursor")])
        if endpoint_id is not None:
            await self.endpoint(account_id, endpoint_id)
        found = sorted(
            (
                sent
                for sent in self.log.values()
                if (sent.account_id, sent.endpoint_id) == (account_id, endpoint_id)
                and (generation_id is None or sent.generation_id == generation_id)
                and (cursor is None or sent.delivery_id < cursor)
            ),
            key=lambda sent: sent.delivery_id,
            reverse=True,
        )
        more = len(found) > limit
        return Page(items=found[:limit], next_cursor=found[limit - 1].delivery_id if more else None)

    async def add_delivery(self, delivery: WebhookDelivery) -> None:
        """See WebhookEndpoints."""
        if delivery.endpoint_id is not None:
            await self.endpoint(delivery.account_id, delivery.endpoint_id)
        self.log[delivery.delivery_id] = delivery

    async def redeliver(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId | None,
        delivery_id: DeliveryId,
        *,
        now: datetime,
    ) -> WebhookDelivery:
        """See WebhookEndpoints."""
        if endpoint_id is not None:
            await self.endpoint(account_id, endpoint_id)
        delivery = self.log.get(delivery_id)
        if delivery is None or (delivery.account_id, delivery.endpoint_id) != (account_id, endpoint_id):
            raise NotFound("There is no such delivery.", reason="WEBHOOK_DELIVERY_NOT_FOUND")
        if not self._is_idle(delivery_id, now):
            raise Conflict("It is being sent right now.", reason="WEBHOOK_DELIVERY_RUNNING")
        again = replace(delivery, state=DeliveryState.PENDING, attempts=0, next_attempt_at=now)
        self.log[delivery_id] = again
        self.taken.pop(delivery_id, None)
        self.ended.pop(delivery_id, None)
        return again

    async def record(self, fact_id: FactId, message: WebhookMessage, *, now: datetime) -> int:
        """See WebhookQueue."""
        wanting: list[tuple[WebhookEndpoint | Callback, WebhookEndpointId | None]] = [
            (endpoint, endpoint.endpoint_id)
            for endpoint in await self.endpoints(message.account_id)
            if endpoint.is_enabled and message.event_type in endpoint.event_types
        ]
        tied = self.tied.get(message.generation_id) if message.generation_id else None
        callback = self.callbacks.get(tied) if tied else None
        if callback and (callback.account_id, message.event_type in callback.event_types) == (
            message.account_id,
            True,
        ):
            wanting.append((callback, None))
        if not wanting or fact_id in self.heard:
            return 0
        self.heard.add(fact_id)
        added = 0
        for receiver, endpoint_id in wanting:
            if self._has(message, receiver, endpoint_id):
                continue
            added += 1
            self.made += 1
            delivery_id = DeliveryId(f"dlv_{self.made:032x}")
            self.log[delivery_id] = WebhookDelivery(
                delivery_id=delivery_id,
                account_id=message.account_id,
                endpoint_id=endpoint_id,
                url=receiver.url,
                message_id=message.message_id,
                event_type=message.event_type,
                payload=message.payload,
                state=DeliveryState.PENDING,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
                generation_id=message.generation_id if isinstance(receiver, Callback) else None,
            )
            if isinstance(receiver, Callback):
                self.of_callback[delivery_id] = receiver.callback_id
        return added

    def _has(
        self,
        message: WebhookMessage,
        receiver: WebhookEndpoint | Callback,
        endpoint_id: WebhookEndpointId | None,
    ) -> bool:
        """Whether the message is on its way, or came, to a receiver by another way."""
        called = receiver.callback_id if isinstance(receiver, Callback) else None
        return any(
            (each.message_id, each.endpoint_id, self.of_callback.get(each.delivery_id))
            == (message.message_id, endpoint_id, called)
            for each in self.log.values()
        )

    async def claim(
        self, *, now: datetime, until: datetime, count_max: int, per_receiver_max: int
    ) -> Sequence[ClaimedDelivery]:
        """See WebhookQueue."""
        busy: dict[str, int] = {}
        for delivery_id in self.taken:
            if not self._is_idle(delivery_id, now):
                receiver = self._receiver(self.log[delivery_id])
                busy[receiver] = busy.get(receiver, 0) + 1
        claimed: list[ClaimedDelivery] = []
        due = [sent for sent in self.log.values() if sent.next_attempt_at and sent.next_attempt_at <= now]
        for delivery in sorted(due, key=lambda sent: (sent.next_attempt_at, sent.delivery_id)):
            receiver = self._receiver(delivery)
            free = self._is_idle(delivery.delivery_id, now) and busy.get(receiver, 0) < per_receiver_max
            if free and len(claimed) < count_max:
                busy[receiver] = busy.get(receiver, 0) + 1
                claimed.append(self._claimed(delivery, until))
        return claimed

    async def settle(
        self,
        claimed: ClaimedDelivery,
        attempt: Attempt,
        settlement: Settlement,
        *,
        now: datetime,
        failing_max: timedelta,
    ) -> bool:
        """See WebhookQueue."""
        known = self.log.get(claimed.delivery.delivery_id)
        if (
            known is None
            or known.delivery_id not in self.taken
            or known.attempts != claimed.delivery.attempts
        ):
            return False
        del self.taken[known.delivery_id]
        self.log[known.delivery_id] = replace(
            known,
            state=settlement.state,
            next_attempt_at=settlement.next_attempt_at,
            last_attempt=replace(attempt, retry_after=None),
        )
        if settlement.state is not DeliveryState.PENDING:
            self.ended[known.delivery_id] = now
        endpoint = self.kept.get(known.endpoint_id) if known.endpoint_id else None
        if endpoint is not None and endpoint.is_enabled and claimed.is_wanted:
            self._follow(endpoint, attempt, now, failing_max)
        return True

    async def untold(self, *, after: WebhookEndpointId | None, count_max: int) -> Sequence[WebhookEndpoint]:
        """See WebhookQueue."""
        later = sorted(each for each in self.not_told & self.kept.keys() if each > (after or ""))
        return [self.kept[each] for each in later[:count_max]]

    async def mark_told(self, endpoint: WebhookEndpoint) -> None:
        """See WebhookQueue."""
        known = self.kept.get(endpoint.endpoint_id)
        if known is not None and known.disabled_at == endpoint.disabled_at:
            self.not_told.discard(endpoint.endpoint_id)

    async def purge(self, *, before: datetime, count_max: int) -> int:
        """See WebhookQueue."""
        ended = [key for key, moment in self.ended.items() if moment < before][:count_max]
        self._drop(ended)
        logged = {self.of_callback.get(key) for key in self.log}
        old = [key for key, call in self.callbacks.items() if call.created_at < before and key not in logged]
        for callback_id in old[:count_max]:
            del self.callbacks[callback_id]
        return len(ended) + len(old[:count_max])

    async def forget(self, account_id: AccountId) -> None:
        """See WebhookQueue."""
        for endpoint in await self.endpoints(account_id):
            await self.remove(account_id, endpoint.endpoint_id)
        self.callbacks = {key: call for key, call in self.callbacks.items() if call.account_id != account_id}
        self._drop([key for key, sent in self.log.items() if sent.account_id == account_id])
        self.own_secrets.pop(account_id, None)

    def _is_idle(self, delivery_id: DeliveryId, now: datetime) -> bool:
        until = self.taken.get(delivery_id)
        return until is None or until <= now

    def _receiver(self, delivery: WebhookDelivery) -> str:
        return delivery.endpoint_id or f"{delivery.account_id} {urlsplit(delivery.url).netloc.lower()}"

    def _claimed(self, delivery: WebhookDelivery, until: datetime) -> ClaimedDelivery:
        taken = replace(delivery, attempts=delivery.attempts + 1)
        self.log[delivery.delivery_id] = taken
        self.taken[delivery.delivery_id] = until
        endpoint = self.kept.get(delivery.endpoint_id) if delivery.endpoint_id else None
        if endpoint is None:
            secrets = self.own_secrets.get(delivery.account_id)
            return ClaimedDelivery(delivery=taken, secrets=secrets, is_wanted=True)
        return ClaimedDelivery(
            delivery=replace(taken, url=endpoint.url),
            secrets=self.secrets[endpoint.endpoint_id],
            is_wanted=endpoint.is_enabled,
        )

    def _follow(
        self, endpoint: WebhookEndpoint, attempt: Attempt, now: datetime, failing_max: timedelta
    ) -> None:
        reason = disabled_by(endpoint, attempt, now=now, failing_max=failing_max)
        since = None if attempt.is_delivered else endpoint.failing_since or now
        followed = replace(endpoint, failing_since=since)
        if reason is not None:
            followed = replace(followed, disabled_reason=reason, disabled_at=now)
            self.not_told.add(endpoint.endpoint_id)
        self.kept[endpoint.endpoint_id] = followed
