"""Facts that billing listens to: parse, call the use case."""

from dataclasses import dataclass
from datetime import datetime

from chassis.events import IncomingEvent, Refused
from chassis.timestamps import to_datetime
from tintype.identity.v1 import events_pb2 as identity

from billing.application.begin_erasure import BeginErasureHandler
from billing.application.hear_departure import HearDeparture, HearDepartureHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.identifiers import UserId

STREAM = "IDENTITY"
SUBJECTS = (
    "tintype.identity.v1.user_registered.*",
    "tintype.identity.v1.email_verified.*",
    "tintype.identity.v1.user_deleted.*",
    "tintype.identity.v1.erasure_requested.*",
    "tintype.identity.v1.erasure_taken_back.*",
)

# What is given away is given once a mailbox: identity says when, for welcome credits and a free plan alike.
# A fact from before there were conditions says nothing of them.
_WELCOMED = frozenset({identity.WELCOME_UNSPECIFIED, identity.WELCOME_NOW})


@dataclass(frozen=True)
class BillingEvents:
    """Turns each event into one command, which does nothing the second time."""

    start: StartFreePlanHandler
    begin_erasure: BeginErasureHandler
    hear_departure: HearDepartureHandler

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event. Raises for what must be delivered again, and Refused for what never can be."""
        match event.ce_type:
            case "tintype.identity.v1.UserDeleted":
                gone = event.read(identity.UserDeleted, account_field="user_id")
                await self.begin_erasure(UserId(gone.user_id))
                return
            case "tintype.identity.v1.ErasureRequested":
                leaves = event.read(identity.ErasureRequested, account_field="user_id")
                if not leaves.HasField("erased_from"):
                    raise Refused("an account is erased on a day")
                await self._hear(leaves.user_id, leaves.revision, to_datetime(leaves.erased_from))
                return
            case "tintype.identity.v1.ErasureTakenBack":
                stays = event.read(identity.ErasureTakenBack, account_field="user_id")
                await self._hear(stays.user_id, stays.revision, None)
                return
            case "tintype.identity.v1.UserRegistered":
                registered = event.read(identity.UserRegistered, account_field="user_id")
                user_id, welcome = registered.user_id, registered.welcome
            case _:
                verified = event.read(identity.EmailVerified, account_field="user_id")
                user_id, welcome = verified.user_id, verified.welcome
        if welcome in _WELCOMED:
            await self.start(UserId(user_id), since=event.time)

    async def _hear(self, user_id: str, revision: int, erased_from: datetime | None) -> None:
        if revision < 1:
            raise Refused(f"the changes of an account are counted from 1, not {revision}")
        await self.hear_departure(
            HearDeparture(user_id=UserId(user_id), revision=revision, erased_from=erased_from)
        )
