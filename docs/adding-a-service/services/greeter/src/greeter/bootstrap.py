"""The composition root: every part made and wired."""

from contextlib import AsyncExitStack

from chassis import inbox
from chassis.consumer import Consumer
from chassis.dead_letters import DeadLetters
from chassis.grpc_server import GrpcServer
from chassis.health import HealthServer
from chassis.nats import connect
from chassis.postgres import create_engine, ping
from chassis.process import forever, run_all
from tintype.greeter.v1.greeter_pb2_grpc import add_GreeterServiceServicer_to_server

from greeter.adapters.inbound.events import STREAM, SUBJECTS, GreeterEvents
from greeter.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, GreeterServicer
from greeter.adapters.outbound.postgres import tables
from greeter.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from greeter.application.greet import GreetHandler
from greeter.application.prepare_greeting import PrepareGreetingHandler
from greeter.settings import GreeterSettings

_PRUNE_EVERY_S = 3_600.0


async def serve(settings: GreeterSettings) -> None:
    """Run the greeter until cancelled."""
    async with AsyncExitStack() as stack:
        engine = create_engine(settings.database_url.get_secret_value())
        stack.push_async_callback(engine.dispose)
        nats = await connect(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name="greeter",
        )
        stack.push_async_callback(nats.close)
        units = PostgresUnitsOfWork(engine)

        server = GrpcServer(
            settings.grpc_listen, errors=ERRORS, callers=settings.callers, allowed=ALLOWED, domain=DOMAIN
        )
        add_GreeterServiceServicer_to_server(GreeterServicer(GreetHandler(units)), server.server)
        consumer = Consumer(
            nats.jetstream(),
            stream=STREAM,
            durable="greeter",
            subjects=SUBJECTS,
            handler=GreeterEvents(PrepareGreetingHandler(units)).handle,
            on_dead_letter=DeadLetters(engine).keep,
        )
        checks = {"database": lambda: ping(engine), "nats": nats.answers}

        async def prune() -> None:
            await inbox.prune(engine, tables.inbox)

        await run_all(
            nats.run(),
            server.run(),
            consumer.run(),
            HealthServer(settings.http_listen, checks, alive={"nats": nats.is_alive}).run(),
            forever(prune, every_s=_PRUNE_EVERY_S, name="prune the inbox"),
        )
