"""Channels to other services: own token on every call, retries where nothing was done, traces."""

import json
from collections.abc import Callable
from typing import Any

import grpc
from opentelemetry.instrumentation.grpc import aio_client_interceptors

from chassis.grpc_errors import RemoteError, remote_error

__all__ = ["RemoteError", "channel", "remote_error"]

MESSAGE_MAX_BYTES = 4 * 1024 * 1024

# UNAVAILABLE before an answer: the command may have been done, so only idempotent calls may be made
# through here, as all of ours are (each carries a request id or reads).
_SERVICE_CONFIG = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
    }
)

_OPTIONS = [
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.enable_retries", 1),
    ("grpc.max_receive_message_length", MESSAGE_MAX_BYTES),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # A restarted peer is found again within a second instead of after the default two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # Loopback and cluster addresses only: never through an HTTP proxy of the environment.
    ("grpc.enable_http_proxy", 0),
]


def channel(target: str, *, token: str) -> grpc.aio.Channel:
    """Return a channel that presents `token` on every call. Each call needs its own `timeout`."""
    return grpc.aio.insecure_channel(
        target,
        options=_OPTIONS,
        interceptors=[*aio_client_interceptors(), *_token_interceptors(token)],  # type: ignore[no-untyped-call]
    )


def _token_interceptors(token: str) -> list[Any]:
    return [_UnaryUnaryToken(token), _UnaryStreamToken(token), _StreamStreamToken(token)]


class _Token:
    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def _with_token(self, details: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), self._header)
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


class _StreamStreamToken(_Token, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Callable[..., Any], details: Any, requests: Any
    ) -> Any:
        return await continuation(self._with_token(details), requests)
