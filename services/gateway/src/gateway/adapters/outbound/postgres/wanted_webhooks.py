"""Whether anybody of an account may want to be told of a fact: one statement for all that come together."""

from collections.abc import Sequence

from chassis import round_trips
from chassis.grouping import Groups
from chassis.postgres import STORAGE_AWAY, SYSTEM_SCOPE, transaction
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.webhook import WebhookMessage

# Nobody waits for a webhook by the millisecond: facts that come within this are looked at together.
GATHER_S = 0.05
_WHO_WANTS = """
    SELECT account_id, NULL AS generation_id FROM webhook_endpoints
     WHERE account_id = ANY(%(accounts)s::text[]) AND disabled_reason IS NULL
     UNION
    SELECT account_id, generation_id FROM webhook_callbacks
     WHERE generation_id = ANY(%(generations)s::text[])
"""


class WantedWebhooks:
    """Most accounts want nothing, and most facts end here: no transaction of their own is opened for them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._asking = Groups(self._are_wanted, outages=STORAGE_AWAY, gather_s=GATHER_S)

    async def may_be(self, message: WebhookMessage) -> bool:
        """Whether its account has an endpoint, whatever that is told of, or asked for it with its job."""
        return await self._asking.ask(message)

    async def _are_wanted(self, messages: Sequence[WebhookMessage]) -> Sequence[bool]:
        accounts = sorted({message.account_id for message in messages})
        generations = sorted({message.generation_id for message in messages if message.generation_id})
        asked = {"accounts": accounts, "generations": generations}
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            rows = await round_trips.require(connection).ask_and_commit(_WHO_WANTS, asked)
        wanting = {(row.account_id, row.generation_id) for row in rows}
        return [
            bool(wanting & {(message.account_id, None), (message.account_id, message.generation_id)})
            for message in messages
        ]
