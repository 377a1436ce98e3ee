"""The services behind the gateway, in this process: each method answers by a script."""

import hashlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
from chassis.grpc_server import GrpcServer
from google.protobuf.message import Message
from tintype.billing.v1 import billing_pb2 as billing
from tintype.generation.v1 import generation_pb2 as generation
from tintype.identity.v1 import identity_pb2 as identity
from tintype.ledger.v1 import ledger_pb2 as ledger

TOKEN = "token-of-the-gateway"
ADA = "usr_" + "a" * 32
JOB = "gen_" + "c" * 32
WHEN = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


class Refusal(Exception):
    """A refusal as any service makes one."""

    def __init__(self, reason: str, message: str = "no", **more: Any) -> None:
        super().__init__(message)
        self.reason = reason
        self.details = more.get("details", {})
        self.violations = more.get("violations", ())
        self.retry_after_s = more.get("retry_after_s")


STATUSES: dict[str, type[Refusal]] = {
    code.name: type(f"Refusal{code.name}", (Refusal,), {})
    for code in grpc.StatusCode
    if code not in (grpc.StatusCode.OK, grpc.StatusCode.CANCELLED)
}


@dataclass
class Script:
    """What the server heard, and what it answers to each method."""

    answers: dict[str, Message | Exception | Callable[[], Any]] = field(default_factory=dict)
    heard: list[Any] = field(default_factory=list)


async def start(stack: AsyncExitStack, script: Script) -> str:
    """A server that answers all four contracts by the script."""
    handlers, allowed = [], {}
    for pb, name in (
        (identity, "IdentityService"),
        (ledger, "LedgerService"),
        (billing, "BillingService"),
        (generation, "GenerationService"),
    ):
        service = pb.DESCRIPTOR.services_by_name[name]
        methods: dict[str, Any] = {}
        for method in service.methods:
            if method.server_streaming:
                continue
            methods[method.name] = grpc.unary_unary_rpc_method_handler(
                _behaviour(script, method.name),
                request_deserializer=getattr(pb, method.input_type.name).FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
            allowed[f"/{service.full_name}/{method.name}"] = frozenset({"gateway"})
        handlers.append(grpc.method_handlers_generic_handler(service.full_name, methods))
    server = GrpcServer(
        "127.0.0.1:0",
        errors={one: grpc.StatusCode[name] for name, one in STATUSES.items()},
        callers={"gateway": hashlib.sha256(TOKEN.encode()).hexdigest()},
        allowed=allowed,
        domain="tintype.test",
    )
    server.server.add_generic_rpc_handlers(tuple(handlers))
    await server.start()
    stack.push_async_callback(server.stop)
    return f"127.0.0.1:{server.bound_port}"


def _behaviour(script: Script, name: str) -> Callable[..., Any]:
    async def answer(request: Any, _context: Any) -> Any:
        script.heard.append(request)
        scripted = script.answers[name]
        if isinstance(scripted, Exception):
            raise scripted
        return scripted if isinstance(scripted, Message) else await scripted()

    return answer
