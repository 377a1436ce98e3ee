"""Facts of billing's that generation listens to: parse, call the use case."""

from dataclasses import dataclass

from chassis.events import IncomingEvent, Refused
from chassis.timestamps import to_datetime
from tintype.billing.v1 import events_pb2

from generation.application.keep_entitlements import KeepEntitlementsHandler
from generation.domain.entitlements import Entitlements
from generation.domain.identifiers import AccountId

STREAM = "BILLING"
SUBJECTS = ("tintype.billing.v1.subscription_changed.*",)
# The API hears them: it is there where no worker is, and all of its replicas share one place in the stream.
DURABLE = "generation"


def entitlements(event: IncomingEvent) -> Entitlements:
    """Return what the event says. Raises Refused for one that isn't what its subject says."""
    message = event.read(events_pb2.SubscriptionChanged)
    if message.revision < 1:
        raise Refused("a change without a number")
    return Entitlements(
        account_id=AccountId(message.account_id),
        words=tuple(message.entitlements),
        valid_until=to_datetime(message.valid_until) if message.HasField("valid_until") else None,
        revision=message.revision,
    )


@dataclass(frozen=True)
class PlanChanges:
    """Turns each event into one command, which does nothing the second time."""

    keep: KeepEntitlementsHandler

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event. Raises for what must be delivered again, and Refused for what never can be."""
        await self.keep(entitlements(event))
