"""Where nobody is sent spans, a trace's ids still travel: with a call, and into what the method writes."""

import hashlib
from typing import Any

import grpc
import pytest
from chassis.grpc_client import channel
from chassis.grpc_server import GrpcServer
from chassis.telemetry import configure_telemetry, current_trace_id, inject, join_trace
from opentelemetry import context

pytestmark = pytest.mark.server

METHOD = "/test.Trace/Id"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


async def trace_id(_request: bytes, _context: Any) -> bytes:
    """Say in which trace the method is."""
    return (current_trace_id() or "none").encode()


@pytest.fixture(autouse=True)
def _no_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    configure_telemetry("test")


async def asked() -> list[str]:
    """In which traces two calls after each other are, over the wire."""
    server = GrpcServer(
        "127.0.0.1:0",
        errors={},
        callers={"friend": hashlib.sha256(b"friend").hexdigest()},
        allowed={METHOD: frozenset({"friend"})},
        domain="test",
    )
    service = {"Id": grpc.unary_unary_rpc_method_handler(trace_id)}
    server.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Trace", service),))
    await server.start()
    try:
        async with channel(f"127.0.0.1:{server.bound_port}", token="friend") as opened:
            call = opened.unary_unary(METHOD)
            return [(await call(b"", timeout=10)).decode() for _ in range(2)]
    finally:
        await server.stop()


async def test_a_call_is_in_its_callers_trace() -> None:
    """The method sees the trace that its caller is in."""
    token = join_trace(CALLER)
    try:
        assert await asked() == [TRACE, TRACE]
    finally:
        context.detach(token)


async def test_a_call_without_a_trace_begins_one() -> None:
    """Each call its own: a log line can be found by it."""
    first, second = await asked()
    assert len({first, second, "none", "0" * 32}) == 4


def test_what_is_no_trace_is_not_joined() -> None:
    """A header that nobody understands begins a new trace, which is not sent on as sampled."""
    for headers in ({}, {"traceparent": "nonsense"}, {"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}):
        token = join_trace(headers)
        try:
            begun, sent = current_trace_id(), dict[str, str]()
            inject(sent)
        finally:
            context.detach(token)
        assert begun is not None
        assert sent["traceparent"].startswith(f"00-{begun}-")
        assert sent["traceparent"].endswith("-00")
