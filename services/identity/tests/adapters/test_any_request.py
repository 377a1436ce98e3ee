"""Whatever the fields of a request hold, over a real channel and PostgreSQL: a refusal, never our bug."""

import hashlib
from collections.abc import AsyncIterator

import grpc
import pytest
from chassis.grpc_client import channel
from chassis.grpc_errors import remote_error
from chassis.grpc_server import GrpcServer
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from identity.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, IdentityServicer
from identity.adapters.outbound.fakes import MemoryHasher
from identity.adapters.outbound.memory.store import MemoryStore
from identity.bootstrap.memory import memory_ports
from identity.bootstrap.parts import wire_handlers
from identity_world import ADA, PASSWORD, postgres_storage
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as pb_grpc

pytestmark = pytest.mark.server

SERVICE = pb.DESCRIPTOR.services_by_name["IdentityService"]
METHODS = {method.name: method for method in SERVICE.methods}
# Each was, somewhere, the end of a process or an INTERNAL.
NASTY = (
    "",
    "\0",
    "ada\0@example.com",
    "*",
    "usr_\0",
    "usr_" + "0" * 32,
    "usr_" + "0" * 32 + " ",
    "ses_" + "0" * 32,
    "\u202e\ufffe\U0010ffff",
    "' OR true --",
    "%s{}$1",
    "\ud55c" * 500,
    "x" * 1_000_000,
    "a.b.c",
    "::ffff:1.2.3.4%0",
    "https://[",
    "@",
    f"{ADA}",
    PASSWORD,
)
KINDS = {
    FieldDescriptor.TYPE_STRING,
    FieldDescriptor.TYPE_BYTES,
    FieldDescriptor.TYPE_ENUM,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_MESSAGE,
}
# The largest of each.
WHOLE = {
    FieldDescriptor.TYPE_ENUM: 2**31 - 1,
    FieldDescriptor.TYPE_INT32: 2**31 - 1,
    FieldDescriptor.TYPE_INT64: 2**63 - 1,
}
PERMITTED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


@pytest.fixture
async def identity(
    engine: AsyncEngine, request: pytest.FixtureRequest
) -> AsyncIterator[pb_grpc.IdentityServiceStub]:
    """The view that one of its callers has of a service that keeps its data in PostgreSQL."""
    caller = getattr(request, "param", "gateway")
    ports = postgres_storage(engine).beneath(memory_ports(MemoryStore(), hasher=MemoryHasher()))
    callers = {caller: hashlib.sha256(b"token").hexdigest()}
    server = GrpcServer("127.0.0.1:0", errors=ERRORS, callers=callers, allowed=ALLOWED, domain=DOMAIN)
    pb_grpc.add_IdentityServiceServicer_to_server(IdentityServicer(wire_handlers(ports)), server.server)
    await server.start()
    async with channel(f"127.0.0.1:{server.bound_port}", token="token") as opened:
        yield pb_grpc.IdentityServiceStub(opened)
    await server.stop()


async def ask(identity: pb_grpc.IdentityServiceStub, method: str, request: Message) -> None:
    """Call; a refusal has a reason of the contract, and one of a bad field names it."""
    try:
        await getattr(identity, method)(request, timeout=10)
    except grpc.aio.AioRpcError as failure:
        answer = remote_error(failure)
        assert answer.status in PERMITTED, (method, answer)
        assert answer.reason, (method, answer)
        if answer.status is grpc.StatusCode.INVALID_ARGUMENT:
            fields = {name for name, _ in answer.field_violations}
            assert fields, (method, answer)
            assert fields <= set(request.DESCRIPTOR.fields_by_name), (method, answer)


def put(request: Message, field: FieldDescriptor, text: str) -> None:
    """Set a field of text, or fill a list of them; a number or a time is as odd as the text is long."""
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        getattr(request, field.name).FromJsonString("0001-01-01T00:00:00Z")
        getattr(request, field.name).seconds -= len(text) - 1
    elif field.type in WHOLE:
        largest = WHOLE[field.type]
        setattr(request, field.name, 1 - len(text) if len(text) % 2 else largest - len(text))
    elif field.type == FieldDescriptor.TYPE_BYTES and field.is_repeated:
        getattr(request, field.name).extend([text.encode(), b"x" * 32])
    elif field.type == FieldDescriptor.TYPE_BYTES:
        setattr(request, field.name, text.encode())
    elif not isinstance(getattr(request, field.name), str):
        getattr(request, field.name).extend([text, text])
    else:
        setattr(request, field.name, text)


def valid(method: str) -> Message:
    """A request whose fields are as good as they can be without an account."""
    request: Message = getattr(pb, METHODS[method].input_type.name)()
    good = {"email": ADA, "password": PASSWORD, "new_password": PASSWORD, "client_address": "203.0.113.7"}
    for field in request.DESCRIPTOR.fields:
        if field.name in good:
            put(request, field, good[field.name])
    return request


@pytest.mark.parametrize(
    ("identity", "method"),
    [(min(ALLOWED[f"/{SERVICE.full_name}/{method}"]), method) for method in sorted(METHODS)],
    indirect=["identity"],
)
async def test_every_field_bears_everything(identity: pb_grpc.IdentityServiceStub, method: str) -> None:
    """One field after the other holds each of the texts, the others being good."""
    for field in METHODS[method].input_type.fields:
        assert field.type in KINDS, "a new kind of field: bear it too"
        for text in NASTY:
            request = valid(method)
            put(request, field, text)
            await ask(identity, method, request)
