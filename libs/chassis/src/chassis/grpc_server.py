"""A gRPC server with the house's rules: known callers only, typed errors, traces, health, graceful stop."""

import asyncio
import hashlib
import hmac
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from opentelemetry.instrumentation.grpc import aio_server_interceptor
from prometheus_client import Counter, Histogram

from chassis.grpc_errors import status_of
from chassis.postgres import STORAGE_AWAY
from chassis.telemetry import join_trace, spans_leave

log = structlog.get_logger(__name__)

MESSAGE_MAX_BYTES = 4 * 1024 * 1024
GRACE_S = 5.0
_HEALTH = "/grpc.health.v1.Health/"

# Who is calling, inside of a method.
CALLER: ContextVar[str] = ContextVar("caller", default="")

_CALLS = Counter("grpc_server_calls_total", "Calls answered", ["method", "caller", "code"])
_SECONDS = Histogram("grpc_server_seconds", "Time to answer", ["method"])

_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
]


class GrpcServer:
    """One service's server. Register servicers on `.server` before `start`.

    `callers` maps a caller's name to the sha256 (hex) of its token; `allowed` maps a full method name
    (`/tintype.ledger.v1.LedgerService/Reserve`) to the names that may call it; a method that is not
    listed is closed. `errors` maps each domain error class to its status. Calls in flight have `grace_s` to
    end when it stops.
    """

    def __init__(
        self,
        listen: str,
        *,
        errors: Mapping[type[Exception], grpc.StatusCode],
        callers: Mapping[str, str],
        allowed: Mapping[str, frozenset[str]],
        domain: str,
        message_max_bytes: int = MESSAGE_MAX_BYTES,
        grace_s: float = GRACE_S,
    ) -> None:
        self._listen = listen
        self._grace_s = grace_s
        self._health = health.aio.HealthServicer()
        self.bound_port = 0
        self.server = grpc.aio.server(
            interceptors=[
                *_spans(),
                _Guard(errors=errors, callers=callers, allowed=allowed, domain=domain),
            ],
            options=[
                ("grpc.max_receive_message_length", message_max_bytes),
                ("grpc.max_send_message_length", message_max_bytes),
                *_OPTIONS,
            ],
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)

    async def start(self) -> None:
        """Listen; afterwards `bound_port` is the port. Raises RuntimeError when it is taken."""
        self.bound_port = self.server.add_insecure_port(self._listen)
        await self.server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Say that it is not serving, then let the calls in flight finish."""
        await self._health.enter_graceful_shutdown()
        await self.server.stop(self._grace_s)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.start()
        log.info("grpc listening", port=self.bound_port)
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()


def _spans() -> list[Any]:
    return [aio_server_interceptor()] if spans_leave() else []  # type: ignore[no-untyped-call]


class _Guard(grpc.aio.ServerInterceptor):
    """Checks the caller, then turns errors into rich statuses and writes the access log."""

    def __init__(
        self,
        *,
        errors: Mapping[type[Exception], grpc.StatusCode],
        callers: Mapping[str, str],
        allowed: Mapping[str, frozenset[str]],
        domain: str,
    ) -> None:
        self._errors = errors
        self._callers = callers
        self._allowed = allowed
        self._domain = domain

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(_HEALTH):
            return handler
        caller = self._caller(handler_call_details.invocation_metadata or ())
        call = _Call(
            guard=self,
            method=method,
            caller=caller,
            read=handler.request_deserializer or bytes,
            # Where spans are made, the call is in one already.
            headers=None if spans_leave() else handler_call_details.invocation_metadata or (),
        )
        kind = (handler.request_streaming, handler.response_streaming)
        if handler.response_streaming:
            behaviour = call.streaming(handler.stream_stream or handler.unary_stream)
        else:
            behaviour = call.unary(handler.stream_unary or handler.unary_unary)
        make = _METHOD_HANDLERS[kind]
        # The call reads its own requests: gRPC answers bytes that are no message as if they were our bug.
        return make(behaviour, None, handler.response_serializer)

    def _caller(self, metadata: Any) -> str | None:
        presented = dict(metadata).get("authorization", "")
        token = presented.removeprefix("Bearer ") if isinstance(presented, str) else ""
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = None
        # Every hash is compared, so that the time taken says nothing about which one matched.
        for name, known in self._callers.items():
            if hmac.compare_digest(digest, known.lower()):
                found = name
        return found

    async def admit(self, method: str, caller: str | None, context: Any) -> None:
        """Abort unless the caller is known and on the method's list."""
        if caller is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "unknown caller")
        if caller not in self._allowed.get(method, frozenset()):
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"{caller} may not call {method}")

    async def refuse(self, method: str, failure: Exception, context: Any) -> None:
        """Abort with the status that the error table gives, or with a generic one for our own bug."""
        if isinstance(failure, DecodeError):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request is no message of this method")
            return
        code = next((self._errors[one] for one in type(failure).__mro__ if one in self._errors), None)
        if code is None and isinstance(failure, STORAGE_AWAY):
            # The database restarts or is out of reach: the same call may succeed soon.
            log.warning("storage unavailable", method=method, error=str(failure).partition("\n")[0])
            await context.abort(grpc.StatusCode.UNAVAILABLE, "storage is unavailable; try again")
            return
        if code is None:
            log.error("unexpected error", method=method, exc_info=failure)
            await context.abort(grpc.StatusCode.INTERNAL, "internal error")
            return
        status = status_of(failure, code=code, domain=self._domain)
        await context.abort_with_status(status)


class _Call:
    """Wraps one method of one call: admission, reading, errors, duration, access log."""

    def __init__(
        self,
        *,
        guard: _Guard,
        method: str,
        caller: str | None,
        read: Callable[[bytes], Any],
        headers: Iterable[tuple[str, str | bytes]] | None,
    ) -> None:
        self._guard = guard
        self._method = method
        self._caller = caller
        self._read = read
        self._headers = headers

    def unary(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        async def behaviour(request: Any, context: Any) -> Any:
            start = time.perf_counter()
            self._join_trace()
            try:
                await self._guard.admit(self._method, self._caller, context)
                CALLER.set(self._caller or "")
                return await inner(self._message(request), context)
            except (grpc.aio.AbortError, asyncio.CancelledError):
                raise
            except Exception as failure:  # noqa: BLE001 - this is where errors become statuses
                await self._guard.refuse(self._method, failure, context)
            finally:
                self._record(context, start)

        return behaviour

    def streaming(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        async def behaviour(request: Any, context: Any) -> Any:
            start = time.perf_counter()
            self._join_trace()
            try:
                await self._guard.admit(self._method, self._caller, context)
                CALLER.set(self._caller or "")
                result = inner(self._message(request), context)
                if inspect.isasyncgen(result):
                    async for message in result:
                        yield message
                else:
                    await result
            except (grpc.aio.AbortError, asyncio.CancelledError, GeneratorExit):
                raise
            except Exception as failure:  # noqa: BLE001 - this is where errors become statuses
                await self._guard.refuse(self._method, failure, context)
            finally:
                self._record(context, start)

        return behaviour

    def _join_trace(self) -> None:
        # A call is a task of its own: whatever is set in it ends with it.
        if self._headers is not None:
            join_trace({name: value for name, value in self._headers if isinstance(value, str)})

    def _message(self, request: Any) -> Any:
        """Read the one request, or each of a stream as it comes. Raises DecodeError."""
        return self._read(request) if isinstance(request, bytes) else self._messages(request)

    async def _messages(self, requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for request in requests:
            yield self._read(request)

    def _record(self, context: Any, start: float) -> None:
        took_s = time.perf_counter() - start
        code = context.code()
        name = code.name if isinstance(code, grpc.StatusCode) else _CODES.get(code, "OK")
        _CALLS.labels(self._method, self._caller or "unknown", name).inc()
        _SECONDS.labels(self._method).observe(took_s)
        log.debug("call", method=self._method, caller=self._caller, code=name, ms=round(took_s * 1000, 2))


_CODES = {code.value[0]: code.name for code in grpc.StatusCode}

_METHOD_HANDLERS: dict[tuple[bool, bool], Callable[..., Any]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
