"""Facts that the greeter listens to: parse, call the use case."""

from dataclasses import dataclass

from chassis.events import IncomingEvent
from tintype.identity.v1 import events_pb2 as identity

from greeter.application.prepare_greeting import PrepareGreeting, PrepareGreetingHandler
from greeter.domain.identifiers import AccountId, EventId

STREAM = "IDENTITY"
SUBJECTS = ("tintype.identity.v1.user_registered.*",)


@dataclass(frozen=True)
class GreeterEvents:
    """Turns each event into one command."""

    prepare: PrepareGreetingHandler

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event once. Raises for what must be delivered again, and Refused for what never can be."""
        registered = event.read(identity.UserRegistered, account_field="user_id")
        await self.prepare(
            PrepareGreeting(AccountId(registered.user_id), registered.full_name, EventId(event.event_id))
        )
