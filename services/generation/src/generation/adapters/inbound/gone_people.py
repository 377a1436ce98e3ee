"""Facts of identity's that generation listens to: parse, call the use case."""

from dataclasses import dataclass

from chassis.events import IncomingEvent
from tintype.identity.v1 import events_pb2

from generation.application.begin_erasure import BeginErasureHandler
from generation.domain.identifiers import AccountId, EventId

STREAM = "IDENTITY"
SUBJECTS = ("tintype.identity.v1.user_deleted.*",)
DURABLE = "generation"


@dataclass(frozen=True)
class GonePeople:
    """Turns each event into one command, which does nothing the second time."""

    begin: BeginErasureHandler

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event. Raises for what must be delivered again, and Refused for what never can be."""
        gone = event.read(events_pb2.UserDeleted, account_field="user_id")
        await self.begin(AccountId(gone.user_id), EventId(event.event_id))
