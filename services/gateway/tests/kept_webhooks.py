"""Webhooks that are kept: both keepers, and what is told to them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet
from gateway.domain.identifiers import (
    AccountId,
    CallbackId,
    FactId,
    GenerationId,
    MessageId,
    UserId,
    WebhookEndpointId,
)
from gateway.domain.webhook import (
    Attempt,
    Callback,
    ClaimedDelivery,
    DeliveryState,
    Settlement,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)
from gateway.ports.webhook_endpoints import WebhookEndpoints
from gateway.ports.webhook_queue import WebhookQueue

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA, EVE = UserId("usr_" + "a" * 32), UserId("usr_" + "e" * 32)
KEY = Fernet.generate_key().decode()
MADE = GenerationId("gen_" + "1" * 32)
SUCCEEDED, FAILED = WebhookEvent.GENERATION_SUCCEEDED, WebhookEvent.GENERATION_FAILED
OK = Attempt(attempted_at=NOW, duration_ms=12, status=200, response="thanks")
REFUSED = Attempt(attempted_at=NOW, duration_ms=12, status=500, response="no")
DAYS = timedelta(days=3)


class Kept:
    """The two ports over the same rows."""

    def __init__(self, endpoints: WebhookEndpoints, queue: WebhookQueue) -> None:
        self.endpoints, self.queue = endpoints, queue

    async def claim(self, *, at: datetime = NOW, most: int = 10, each: int = 4) -> list[ClaimedDelivery]:
        """Take what is due for a minute."""
        until = at + timedelta(minutes=1)
        claimed = await self.queue.claim(now=at, until=until, count_max=most, per_receiver_max=each)
        return list(claimed)

    async def settle(
        self,
        claimed: ClaimedDelivery,
        attempt: Attempt = OK,
        *,
        state: DeliveryState = DeliveryState.SUCCEEDED,
        again: datetime | None = None,
        at: datetime = NOW,
    ) -> bool:
        """Keep what came of it."""
        settlement = Settlement(state=state, next_attempt_at=again)
        return await self.queue.settle(claimed, attempt, settlement, now=at, failing_max=DAYS)

    async def fails(self, claimed: ClaimedDelivery, *, at: datetime) -> None:
        """An attempt fails, and another one follows at once."""
        await self.settle(claimed, REFUSED, state=DeliveryState.PENDING, again=at, at=at)


def an_endpoint(number: int = 1, *, account: AccountId = ADA, **other: object) -> WebhookEndpoint:
    """An endpoint of Ada's for what succeeds and fails."""
    endpoint = WebhookEndpoint(
        endpoint_id=WebhookEndpointId(f"whe_{number:032x}"),
        account_id=account,
        url=f"https://receiver.example/{number}",
        event_types=frozenset({SUCCEEDED, FAILED}),
        description="Web shop",
        created_at=NOW,
    )
    return replace(endpoint, **other)  # type: ignore[arg-type]


def a_message(number: int = 1, *, account: AccountId = ADA, **other: object) -> WebhookMessage:
    """A generation of Ada's succeeded."""
    message = WebhookMessage(
        message_id=MessageId(f"msg_{number:032x}"),
        account_id=account,
        event_type=SUCCEEDED,
        payload=f'{{"n":{number}}}',
    )
    return replace(message, **other)  # type: ignore[arg-type]


async def told(kept: Kept, number: int = 1, **other: object) -> int:
    """A fact is heard."""
    return await kept.queue.record(FactId(f"evt_{number}"), a_message(number, **other), now=NOW)  # type: ignore[arg-type]


async def log_of(kept: Kept, endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    """The newest deliveries to it."""
    page = await kept.endpoints.deliveries(endpoint.account_id, endpoint.endpoint_id, cursor=None, limit=100)
    return list(page.items)


def a_callback(number: int = 1, **other: object) -> Callback:
    """One request of Ada's has a webhook of its own."""
    callback = Callback(
        callback_id=CallbackId(f"whc_{number:032x}"),
        account_id=ADA,
        url="https://once.example/hook",
        event_types=frozenset({SUCCEEDED}),
        created_at=NOW,
    )
    return replace(callback, **other)  # type: ignore[arg-type]
