"""What the service and its commands are both made of."""

from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters, Handler
from chassis.events import IncomingEvent
from chassis.ids import UuidIds, new_id
from deadletters import facts as replays
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.billing.v1 import events_pb2 as told

from billing.adapters.inbound.balances import BalanceFacts
from billing.adapters.inbound.events import BillingEvents
from billing.adapters.outbound.postgres import tables
from billing.application.begin_erasure import BeginErasureHandler
from billing.application.hear_departure import HearDepartureHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.catalogue import Catalogue, UnknownPlan
from billing.domain.plan import Plan
from billing.ports.unit_of_work import UnitsOfWork
from billing.settings import PlanSettings


def free_plan(settings: PlanSettings, catalogue: Catalogue) -> Plan | None:
    """Return the plan that everybody begins with. Raises UnknownPlan for one that is not in the catalogue."""
    if settings.free_plan is None:
        return None
    plan = catalogue.find_plan(settings.free_plan)
    if plan is None:
        on_offer = ", ".join(known.plan_id for known in catalogue.plans) or "none"
        raise UnknownPlan(f"the catalogue has no plan {settings.free_plan!r}: it has {on_offer}")
    if plan.prices:
        raise UnknownPlan(f"the plan {settings.free_plan!r} has a price: nobody can begin with it")
    return plan


def heard_events(settings: PlanSettings, catalogue: Catalogue, units: UnitsOfWork) -> BillingEvents:
    """Return what is done with the facts of the other services. Raises as `free_plan`."""
    plan = free_plan(settings, catalogue)
    clock = SystemClock()
    return BillingEvents(
        StartFreePlanHandler(units, clock, UuidIds(), plan),
        BeginErasureHandler(units, clock),
        HearDepartureHandler(units, clock),
    )


def dead_letters_of(engine: AsyncEngine) -> DeadLetters:
    """Return what was given up; who has it applied again is told."""
    return DeadLetters(engine, replays.recorder(tables.outbox, told.DeadLetterReplayed, new_id))


def applying(heard: BillingEvents, moved: BalanceFacts) -> Handler:
    """Return what applies an event again, whoever told it."""

    async def apply(event: IncomingEvent) -> None:
        await (moved if event.subject.startswith("tintype.ledger.") else heard).handle(event)

    return apply
