"""A greeter with somebody in it, for the fuzzer of tests/contract."""

from contextlib import AsyncExitStack

from contract_support import serve
from fuzz_scenes import Served
from greeter.adapters.inbound import grpc as greeter_grpc
from greeter.adapters.outbound.memory import MemoryUnitsOfWork
from greeter.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from greeter.application.greet import GreetHandler
from greeter.application.prepare_greeting import PrepareGreeting, PrepareGreetingHandler
from greeter.domain.identifiers import AccountId, EventId
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.greeter.v1 import greeter_pb2_grpc


async def served(stack: AsyncExitStack, engine: AsyncEngine | None) -> Served:
    """Serve it until the stack closes."""
    units = MemoryUnitsOfWork() if engine is None else PostgresUnitsOfWork(engine)
    await PrepareGreetingHandler(units)(PrepareGreeting(AccountId("usr_1"), "Ada", EventId("evt_1")))
    servicer = greeter_grpc.GreeterServicer(GreetHandler(units))
    target = await serve(
        stack,
        tables=greeter_grpc,
        name="greeter",
        register=lambda server: greeter_pb2_grpc.add_GreeterServiceServicer_to_server(servicer, server),
    )
    return Served(target, {"account_id": ["usr_1"]})
