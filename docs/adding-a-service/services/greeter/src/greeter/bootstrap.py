"""The composition root: every part made and wired."""

from chassis.service import CallRules, service
from tintype.greeter.v1.greeter_pb2_grpc import add_GreeterServiceServicer_to_server

from greeter.adapters.inbound.events import STREAM, SUBJECTS, GreeterEvents
from greeter.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, GreeterServicer
from greeter.adapters.outbound.postgres import tables
from greeter.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from greeter.application.greet import GreetHandler
from greeter.application.prepare_greeting import PrepareGreetingHandler
from greeter.settings import GreeterSettings


async def serve(settings: GreeterSettings) -> None:
    """Run the greeter until cancelled."""
    async with service(settings, "greeter") as running:
        units = PostgresUnitsOfWork(running.engine)
        events = GreeterEvents(PrepareGreetingHandler(units))
        await running.run(
            running.grpc(
                add_GreeterServiceServicer_to_server,
                GreeterServicer(GreetHandler(units)),
                CallRules(errors=ERRORS, allowed=ALLOWED, domain=DOMAIN),
            ),
            running.consumer(STREAM, SUBJECTS, events.handle).run(),
            running.prune_inbox(tables.inbox),
        )
