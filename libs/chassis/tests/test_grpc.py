"""Server and client of the house: known callers only, typed errors over the wire, no leaks."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from chassis.grpc_client import channel, remote_error
from chassis.grpc_server import GrpcServer
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy.exc import OperationalError

pytestmark = pytest.mark.server

SERVICE = "test.Echo"


class TooFew(Exception):
    """A refusal with everything that a refusal can carry."""

    reason = "TOO_FEW"
    details = {"available": "3"}  # noqa: RUF012
    violations = (("amount", "too large"),)
    retry_after_s = 1.5


async def one(request: bytes, _context: Any) -> bytes:
    """Echo, refuse, or break."""
    match request:
        case b"refuse":
            raise TooFew("too few")
        case b"break":
            raise KeyError("a secret")
        case b"away":
            raise OperationalError("select 1", {}, Exception("down"))
    return request


async def many(request: bytes, _context: Any) -> AsyncIterator[bytes]:
    """Echo twice, then refuse."""
    yield request
    yield request
    raise TooFew("no more")


async def each(requests: AsyncIterator[Any], _context: Any) -> AsyncIterator[bytes]:
    """Say what each of a stream asks for."""
    async for request in requests:
        yield request.service.encode()


@pytest.fixture
async def target() -> AsyncIterator[str]:
    """A server that knows `friend`, who may call all of its methods but one."""
    server = GrpcServer(
        "127.0.0.1:0",
        errors={TooFew: grpc.StatusCode.FAILED_PRECONDITION},
        callers={"friend": hashlib.sha256(b"friend").hexdigest()},
        allowed={
            f"/{SERVICE}/{name}": frozenset({"friend"}) for name in ("One", "Many", "Message", "Messages")
        },
        domain="test",
    )
    server.server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                SERVICE,
                {
                    "One": grpc.unary_unary_rpc_method_handler(one),
                    "Many": grpc.unary_stream_rpc_method_handler(many),
                    "Closed": grpc.unary_unary_rpc_method_handler(one),
                    **{
                        name: make(behaviour, request_deserializer=health_pb2.HealthCheckRequest.FromString)
                        for name, make, behaviour in (
                            ("Message", grpc.unary_unary_rpc_method_handler, one),
                            ("Messages", grpc.stream_stream_rpc_method_handler, each),
                        )
                    },
                },
            ),
        )
    )
    await server.start()
    yield f"127.0.0.1:{server.bound_port}"
    await server.stop()


async def call(target: str, request: bytes, *, token: str = "friend", method: str = "One") -> Any:  # noqa: S107
    """Call once."""
    async with channel(target, token=token, retried=()) as opened:
        return await opened.unary_unary(f"/{SERVICE}/{method}")(request, timeout=5)


async def test_a_known_caller_is_answered(target: str) -> None:
    """And so is anybody who asks for its health."""
    assert await call(target, b"hello") == b"hello"
    async with channel(target, token="nobody") as opened:
        answer = await health_pb2_grpc.HealthStub(opened).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize(
    ("token", "method", "status"),
    [
        ("stranger", "One", grpc.StatusCode.UNAUTHENTICATED),
        ("", "One", grpc.StatusCode.UNAUTHENTICATED),
        ("friend", "Closed", grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_others_are_kept_out(target: str, token: str, method: str, status: grpc.StatusCode) -> None:
    """A method that is not listed is closed to everybody."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(target, b"hello", token=token, method=method)
    assert refused.value.code() is status


async def test_a_refusal_arrives_whole(target: str) -> None:
    """Reason, details, fields and when to try again."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(target, b"refuse")
    error = remote_error(refused.value)
    assert (error.status, error.reason, error.detail) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "TOO_FEW",
        "too few",
    )
    assert (error.metadata, error.field_violations) == ({"available": "3"}, (("amount", "too large"),))
    assert error.retry_after_s == 1.5


@pytest.mark.parametrize(
    ("request_", "status"), [(b"break", grpc.StatusCode.INTERNAL), (b"away", grpc.StatusCode.UNAVAILABLE)]
)
async def test_our_own_trouble_says_nothing_more(
    target: str, request_: bytes, status: grpc.StatusCode
) -> None:
    """A bug is INTERNAL, a database that is away is UNAVAILABLE; neither tells what happened inside."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(target, request_)
    assert refused.value.code() is status
    assert "secret" not in str(refused.value.details())
    assert "select" not in str(refused.value.details())


async def test_a_stream_ends_with_its_refusal(target: str) -> None:
    """What came before it counts."""
    received: list[bytes] = []

    async def read(opened: grpc.aio.Channel) -> None:
        async for message in opened.unary_stream(f"/{SERVICE}/Many")(b"x", timeout=5):
            received.append(message)

    async with channel(target, token="friend") as opened:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await read(opened)
    assert received == [b"x", b"x"]
    assert remote_error(refused.value).reason == "TOO_FEW"


# A length that is never reached, a field without a number, text that is no UTF-8.
CORRUPT = (b"\x0a\xff", b"\x00", b"\x0a\x02\xc3\x28")


@pytest.mark.parametrize("corrupt", CORRUPT)
async def test_bytes_that_are_no_message_are_the_callers_fault(target: str, corrupt: bytes) -> None:
    """As the only request and in a stream, after what was well: the answer names no class of ours."""
    fine = health_pb2.HealthCheckRequest(service="fine").SerializeToString()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(target, corrupt, method="Message")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    async with channel(target, token="friend") as opened:
        stream = opened.stream_stream(f"/{SERVICE}/Messages")(timeout=5)
        await stream.write(fine)
        assert await stream.read() == b"fine"
        await stream.write(corrupt)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stream.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "Error" not in (refused.value.details() or "")
