"""Channels to other services: own token on every call, retries where nothing was done, traces."""

import json
from collections.abc import Callable, Collection
from typing import Any

import grpc
from opentelemetry.instrumentation.grpc import aio_client_interceptors

from chassis.grpc_errors import RemoteError, remote_error
from chassis.telemetry import inject, spans_leave

__all__ = ["RemoteError", "channel", "remote_error"]

MESSAGE_MAX_BYTES = 4 * 1024 * 1024


def _service_config(retried: Collection[str] | None) -> str:
    """Return gRPC's service config: which methods are tried again when no answer came.

    UNAVAILABLE does not say whether the call was done, so only idempotent methods may be listed.
    """
    names = [{}] if retried is None else [_method_name(method) for method in retried]
    policy = {
        "maxAttempts": 4,
        "initialBackoff": "0.1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    method_config = [{"name": names, "retryPolicy": policy}] if names else []
    return json.dumps({"loadBalancingConfig": [{"round_robin": {}}], "methodConfig": method_config})


def _method_name(method: str) -> dict[str, str]:
    service, _, name = method.strip("/").partition("/")
    return {"service": service, "method": name}


_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.enable_retries", 1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # A restarted peer is found again within a second instead of after the default two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # Loopback and cluster addresses only: never through an HTTP proxy of the environment.
    ("grpc.enable_http_proxy", 0),
]


def channel(
    target: str,
    *,
    token: str,
    retried: Collection[str] | None = None,
    message_max_bytes: int = MESSAGE_MAX_BYTES,
    unread_max_bytes: int | None = None,
) -> grpc.aio.Channel:
    """Return a channel that presents `token` on every call. Each call needs its own `timeout`.

    `retried` names the idempotent methods (`tintype.identity.v1.IdentityService/GetUser`) that are tried
    again when the peer is unavailable; None means that every method is idempotent, as where each command
    carries a request id.

    `unread_max_bytes` bounds what comes of each stream before it is read, but for a message that is larger
    by itself: gRPC's own measure grows with the line's, to megabytes that whoever does not read leaves here.
    """
    bounds = [] if unread_max_bytes is None else _bounds(unread_max_bytes)
    return grpc.aio.insecure_channel(
        target,
        options=[
            *_OPTIONS,
            *bounds,
            ("grpc.max_receive_message_length", message_max_bytes),
            ("grpc.service_config", _service_config(retried)),
        ],
        interceptors=[*_spans(), *_token_interceptors(token)],
    )


def _bounds(unread_max_bytes: int) -> list[tuple[str, Any]]:
    return [("grpc.http2.lookahead_bytes", unread_max_bytes), ("grpc.http2.bdp_probe", 0)]


def _spans() -> list[Any]:
    return aio_client_interceptors() if spans_leave() else []  # type: ignore[no-untyped-call]


def _token_interceptors(token: str) -> list[Any]:
    kinds = (_UnaryUnaryToken, _UnaryStreamToken, _StreamUnaryToken, _StreamStreamToken)
    return [kind(token) for kind in kinds]


class _Token:
    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")
        # Where spans are made, whoever makes them passes the trace on.
        self._passes_trace = not spans_leave()

    def _with_token(self, details: Any) -> Any:
        trace: dict[str, str] = {}
        if self._passes_trace:
            inject(trace)
        metadata = grpc.aio.Metadata(*(details.metadata or ()), self._header, *trace.items())
        return details._replace(metadata=metadata)


class _UnaryUnaryToken(_Token, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: Any, request: Any
    ) -> Any:
        return await continuation(self._with_token(details), request)


class _UnaryStreamToken(_Token, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], details: Any, request: Any
    ) -> Any:
        return await continuation(self._with_token(details), request)


class _StreamUnaryToken(_Token, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self, continuation: Callable[..., Any], details: Any, requests: Any
    ) -> Any:
        return await continuation(self._with_token(details), requests)


class _StreamStreamToken(_Token, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Callable[..., Any], details: Any, requests: Any
    ) -> Any:
        return await continuation(self._with_token(details), requests)
