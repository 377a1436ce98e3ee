"""What was given up, and what applies it again: for the API, and for the command."""

from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters, Handler
from chassis.events import IncomingEvent
from chassis.ids import UuidIds, new_id
from deadletters import facts as replays
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.billing.v1.events_pb2 import SubscriptionChanged
from tintype.generation.v1 import events_pb2 as told
from tintype.identity.v1.events_pb2 import UserDeleted

from generation.adapters.inbound.gone_people import GonePeople
from generation.adapters.inbound.plan_changes import PlanChanges
from generation.adapters.inbound.worker import credits_reserved
from generation.adapters.outbound.postgres import tables
from generation.application.begin_erasure import BeginErasureHandler
from generation.application.keep_entitlements import KeepEntitlementsHandler
from generation.application.start_generation import StartGenerationHandler
from generation.ports.catalogue import Catalogue
from generation.ports.unit_of_work import UnitsOfWork


def dead_letters_of(engine: AsyncEngine) -> DeadLetters:
    """Return what was given up; who has it applied again is told."""
    return DeadLetters(engine, replays.recorder(tables.outbox, told.DeadLetterReplayed, new_id))


def applying(units: UnitsOfWork, catalogue: Catalogue) -> Handler:
    """Return what applies an event again: its job is started for whichever worker is free next."""
    ids, clock = UuidIds(), SystemClock()
    changes = PlanChanges(KeepEntitlementsHandler(units))
    gone = GonePeople(BeginErasureHandler(units, clock))
    # This process runs no jobs: a worker takes the attempt.
    start = StartGenerationHandler(units, catalogue, ids, clock, worker=ids.new("wrk"), lease_s=0)

    async def apply(event: IncomingEvent) -> None:
        if event.ce_type == UserDeleted.DESCRIPTOR.full_name:
            await gone.handle(event)
        elif event.ce_type == SubscriptionChanged.DESCRIPTOR.full_name:
            await changes.handle(event)
        else:
            await start(credits_reserved(event))

    return apply
