"""Every method of every service, with whatever its request's types allow: never our fault, never a hang."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import grpc
import pytest
from contract_support import connect
from embedded.testing import ServiceDatabase
from fuzz_scenes import served
from fuzzing import USUAL, corrupt, messages
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_completeness import PROVIDERS

DEADLINE_S = 10
EXAMPLES = 40
CONTRACTS = {name: import_module(f"tintype.{name}.v1.{name}_pb2") for name in PROVIDERS}
METHODS: dict[str, MethodDescriptor] = {
    f"{name}.{method.name}": method
    for name, contract in CONTRACTS.items()
    for service in contract.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
# What a caller can do nothing about, and must never see for what it sent.
OURS = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}


@dataclass
class Wire:
    """A method over a real channel, in bytes."""

    channel: grpc.aio.Channel
    method: MethodDescriptor
    usual: Mapping[str, Sequence[Any]]

    async def send(self, request: bytes) -> grpc.StatusCode:
        """Call it, streams with the same request twice, and read whatever comes; return the worst status."""
        path = f"/{self.method.containing_service.full_name}/{self.method.name}"
        try:
            if self.method.client_streaming and not self.method.server_streaming:
                return await self.tell(self.channel.stream_unary(path), request)
            if self.method.client_streaming:
                return await self.converse(self.channel.stream_stream(path)(timeout=DEADLINE_S), request)
            if self.method.server_streaming:
                answers = self.channel.unary_stream(path)(request, timeout=DEADLINE_S)
                codes = [self.read(answer) async for answer in answers]
                return next((one for one in codes if one in OURS), grpc.StatusCode.OK)
            return self.read(await self.channel.unary_unary(path)(request, timeout=DEADLINE_S))
        except grpc.aio.AioRpcError as refused:
            return refused.code()

    async def tell(self, call: Any, request: bytes) -> grpc.StatusCode:
        """Send it twice, as an iterator that gRPC reads for as long as the service listens."""

        async def twice() -> AsyncIterator[bytes]:
            yield request
            yield request

        await call(twice(), timeout=DEADLINE_S)
        return grpc.StatusCode.OK

    async def converse(self, stream: Any, request: bytes) -> grpc.StatusCode:
        """Send it twice, each time only once the service waits for more: a client that writes into a stream
        which the service just ended makes an INTERNAL of its own."""
        for _ in range(2):
            await stream.write(request)
            if (answer := await stream.read()) is grpc.aio.EOF:
                break
            if (code := self.read(answer)) in OURS:
                stream.cancel()
                return code
        else:
            await stream.done_writing()
        return _CODES[(await stream.code()).value[0]]

    def read(self, answer: bytes) -> grpc.StatusCode:
        """Return how an answer says that it went: a batch has an outcome for each of its commands."""
        message: Any = GetMessageClass(self.method.output_type).FromString(answer)
        parts = [one for one in (message, *getattr(message, "outcomes", ())) if hasattr(one, "error")]
        codes = [_CODES[one.error.code] for one in parts]
        return next((one for one in codes if one in OURS), grpc.StatusCode.OK)


_CODES = {code.value[0]: code for code in grpc.StatusCode}


@pytest.fixture(params=["memory", "postgres"])
def database(request: pytest.FixtureRequest, method: str) -> ServiceDatabase | None:
    """An empty database of the method's service, or none."""
    if request.param == "memory":
        return None
    made: ServiceDatabase = request.getfixturevalue("service_database")(method.partition(".")[0])
    return made


@pytest.fixture
async def wire(method: str, database: ServiceDatabase | None, stack: AsyncExitStack) -> Wire:
    """A connection as one of the method's callers."""
    name, descriptor = method.partition(".")[0], METHODS[method]
    path = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
    caller = min(PROVIDERS[name].ALLOWED[path])
    scene = await served(stack, name, database.url if database else None)
    return Wire(await connect(stack, scene.target, caller), descriptor, {**USUAL, **scene.known})


@pytest.mark.parametrize("method", METHODS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # The server stays for all of a method's examples: what they leave behind is part of the test.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_whatever_is_sent_is_never_our_fault(method: str, wire: Wire, data: st.DataObject) -> None:
    """Messages of every kind, and bytes that are none: done, or refused with a reason."""
    message = data.draw(messages(METHODS[method].input_type, wire.usual))
    whole = message.SerializeToString()
    request = data.draw(st.sampled_from([corrupt(whole), *[st.just(whole)] * 9]).flatmap(lambda one: one))
    assert await wire.send(request) not in OURS
