"""Use case: start a generation whose request names a webhook of its own."""

import hashlib
from dataclasses import dataclass

from gateway.domain.generation import Generation, NewGeneration
from gateway.domain.identifiers import AccountId, CallbackId, FactId
from gateway.domain.webhook import Callback, WebhookEvent
from gateway.ports.clock import Clock
from gateway.ports.generation import Generations
from gateway.ports.secret_source import SecretSource
from gateway.ports.webhook_endpoints import WebhookEndpoints
from gateway.ports.webhook_queue import WebhookQueue
from gateway.ports.webhook_sender import WebhookAddresses
from gateway.ports.webhook_texts import WebhookTexts


@dataclass(frozen=True, kw_only=True)
class StartGeneration:
    """What to make, and who is told what once it has ended."""

    account_id: AccountId
    new: NewGeneration
    webhook_url: str
    webhook_events: frozenset[WebhookEvent]


@dataclass(frozen=True, kw_only=True)
class StartGenerationHandler:
    """Keeps the webhook before anything is started, and ties it to what was started.

    The request that comes again after a crash, with its key, finds both. Whatever ended before they were tied
    is told here: the fact may have been heard by then, and found nobody.
    """

    generations: Generations
    endpoints: WebhookEndpoints
    addresses: WebhookAddresses
    queue: WebhookQueue
    texts: WebhookTexts
    secrets: SecretSource
    clock: Clock

    async def __call__(self, command: StartGeneration) -> tuple[Generation, bool]:
        """Start it, once a key; the flag says that the answer is a replay.

        Raises InvalidRequest for an address that nothing is sent to, IdempotencyKeyReused when the key came
        before with another webhook, Conflict (WEBHOOKS_OFF), and as `Generations.create`.
        """
        account_id = command.account_id
        self.addresses.check(command.webhook_url, field="webhook_url")
        callback_id = _callback_id(account_id, command.new.idempotency_key)
        await self.endpoints.keep_callback(
            Callback(
                callback_id=callback_id,
                account_id=account_id,
                url=command.webhook_url,
                event_types=command.webhook_events,
                created_at=self.clock.now(),
            ),
            fresh=self.secrets.new_signing(),
        )
        made, replayed = await self.generations.create(account_id, command.new)
        await self.endpoints.tie_callback(account_id, callback_id, made.generation_id)
        now_at = await self.generations.generation(account_id, made.generation_id)
        if (message := self.texts.ended(now_at)) is not None:
            await self.queue.record(FactId(f"tied:{callback_id}"), message, now=self.clock.now())
        return made, replayed


def _callback_id(account_id: AccountId, key: str) -> CallbackId:
    digest = hashlib.sha256(f"{account_id} {key}".encode()).hexdigest()
    return CallbackId(f"whc_{digest[:32]}")
