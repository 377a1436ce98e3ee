"""Serves a provider's real servicer over its memory adapters, and connects as one of its callers."""

import hashlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import grpc
from billing.adapters.inbound import grpc as billing_grpc
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing_support import BillingUnderTest
from chassis.clock import SystemClock
from chassis.events import IncomingEvent
from chassis.grpc_client import channel
from chassis.grpc_server import GrpcServer
from chassis.service import CallRules
from deadletters.memory import MemoryLetters
from deadletters.servicer import DeadLetterServicer, with_dead_letters
from deadletters.servicer import register as register_dead_letters
from embedded.topology import topology
from generation.adapters.inbound import grpc as generation_grpc
from generation.adapters.inbound import grpc_interactive
from generation.application.known_pauses import KnownPauses
from generation.application.read_margin import ReadMarginHandler
from generation_house import House
from identity.adapters.inbound import grpc as identity_grpc
from identity.adapters.inbound import grpc_admin as identity_admin
from identity.bootstrap.parts import wire_admin
from identity_world import World
from interactive_house import Interactive
from ledger.adapters.inbound import grpc as ledger_grpc
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.ports.invariants import InvariantResult
from previews_house import Previewed
from support import LedgerUnderTest, servicer
from tintype.billing.v1 import billing_pb2_grpc
from tintype.generation.v1 import generation_pb2_grpc, interactive_pb2_grpc
from tintype.identity.v1 import admin_pb2_grpc, identity_pb2_grpc
from tintype.ledger.v1 import ledger_pb2_grpc

CALLERS = topology().callers


async def apply_nothing(_event: IncomingEvent) -> None:
    """What is done with an event where no test is about it."""


async def serve(
    stack: AsyncExitStack,
    *,
    tables: ModuleType,
    name: str,
    register: Callable[[grpc.aio.Server], None],
    dead_letters: DeadLetterServicer | None = None,
) -> str:
    """Serve until the stack closes; return the address. Error table and allow list are the provider's own."""
    rules = with_dead_letters(
        CallRules(errors=tables.ERRORS, allowed=tables.ALLOWED, domain=f"tintype.{name}")
    )
    server = GrpcServer(
        "127.0.0.1:0",
        errors=rules.errors,
        callers={caller: hashlib.sha256(caller.encode()).hexdigest() for caller in CALLERS},
        allowed=rules.allowed,
        domain=rules.domain,
    )
    register(server.server)
    register_dead_letters(dead_letters or DeadLetterServicer(MemoryLetters(), apply_nothing), server.server)
    await server.start()
    stack.push_async_callback(server.stop)
    return f"127.0.0.1:{server.bound_port}"


async def connect(
    stack: AsyncExitStack, target: str, caller: str, *, unread_max_bytes: int | None = None
) -> grpc.aio.Channel:
    """Connect as one caller."""
    opened = channel(target, token=caller, unread_max_bytes=unread_max_bytes)
    stack.push_async_callback(opened.close)
    return opened


class TwoInvariants:
    """One that holds and one that does not."""

    async def check(self) -> Any:
        """Yield both."""
        yield InvariantResult(invariant="holds", description="it does", checked=3, violations=0)
        yield InvariantResult(
            invariant="broken", description="it is", checked=3, violations=1, examples=("usr_1",)
        )


def ledger_in_memory() -> LedgerUnderTest:
    """The ledger's use cases over memory."""
    return LedgerUnderTest.over_memory(MemoryLedger())


async def serve_ledger(
    stack: AsyncExitStack, ledger: LedgerUnderTest, dead_letters: DeadLetterServicer | None = None
) -> str:
    """Serve LedgerService."""
    service = servicer(ledger, TwoInvariants())
    return await serve(
        stack,
        tables=ledger_grpc,
        name="ledger",
        register=lambda server: ledger_pb2_grpc.add_LedgerServiceServicer_to_server(service, server),
        dead_letters=dead_letters,
    )


async def serve_billing(stack: AsyncExitStack, billing: BillingUnderTest) -> str:
    """Serve BillingService."""
    servicer = billing_grpc.BillingServicer(
        create=billing.create,
        follow=billing.follow,
        packs=billing.packs,
        plans=billing.list_plans,
        read_subscription=billing.read_subscription,
        change_subscription=billing.change_plan,
        cancel_subscription=billing.cancel_plan,
        resume_subscription=billing.resume_plan,
        open_portal=billing.open_portal,
        invoices=billing.list_invoices,
        purchases=billing.list_purchases,
        redeem=billing.redeem,
        read_referral=billing.read_referral,
        claim_referral=billing.claim_referral,
        refund=billing.refund_purchase,
        read_auto_top_up=billing.read_auto_top_up,
        set_auto_top_up=billing.set_auto_top_up,
        receive=billing.receive,
        reader=billing.reader,
        processor_payments=ListProcessorPaymentsHandler(billing.processor),
    )
    return await serve(
        stack,
        tables=billing_grpc,
        name="billing",
        register=lambda server: billing_pb2_grpc.add_BillingServiceServicer_to_server(servicer, server),
    )


async def serve_identity(stack: AsyncExitStack, world: World) -> str:
    """Serve IdentityService."""
    servicer, admin = identity_grpc.IdentityServicer(world.handlers), wire_admin(world.ports)

    def register(server: grpc.aio.Server) -> None:
        identity_pb2_grpc.add_IdentityServiceServicer_to_server(servicer, server)
        admin_pb2_grpc.add_AdminServiceServicer_to_server(admin, server)

    return await serve(
        stack,
        tables=identity_grpc,
        name="identity",
        register=register,
        dead_letters=DeadLetterServicer(
            MemoryLetters(), apply_nothing, identity_admin.DeadLetterAuthority(admin.staff)
        ),
    )


async def serve_generation(stack: AsyncExitStack, house: House, pauses: KnownPauses | None = None) -> str:
    """Serve GenerationService."""
    servicer = generation_grpc.GenerationServicer(
        generation_grpc.Handlers(
            models=house.models,
            quote=house.quote,
            create=house.create,
            read=house.read,
            read_output=house.read_output,
            cancel=house.cancel,
            withdraw=house.withdraw,
            mark_favourite=house.mark_favourite,
            delete=house.delete,
            usage=house.usage,
            margin=ReadMarginHandler(house.units),
            pauses=pauses or KnownPauses(SystemClock()),
            discard=house.discard,
            restore=house.restore,
            receive_webhook=house.receive_webhook,
            settlements=house.settlements,
            shares=house.shares,
            collections=house.collections,
            uploads=house.uploads,
        )
    )
    return await serve(
        stack,
        tables=generation_grpc,
        name="generation",
        register=lambda server: generation_pb2_grpc.add_GenerationServiceServicer_to_server(servicer, server),
    )


async def serve_interactive(
    stack: AsyncExitStack, interactive: Interactive, previewed: Previewed | None = None
) -> str:
    """Serve InteractiveGenerationService."""
    house = interactive.house
    answering = grpc_interactive.InteractiveServicer(
        interactive.streams, (previewed or Previewed(house)).jobs, house.read, interactive.keeper
    )
    return await serve(
        stack,
        tables=grpc_interactive,
        name="generation",
        register=lambda server: interactive_pb2_grpc.add_InteractiveGenerationServiceServicer_to_server(
            answering, server
        ),
    )
