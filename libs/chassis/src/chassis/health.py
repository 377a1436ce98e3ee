"""`/healthz`, `/readyz` and `/metrics` for processes that have no public HTTP of their own."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Check = Callable[[], Awaitable[None]]
CHECK_TIMEOUT_S = 3.0


async def failed_checks(checks: Mapping[str, Check]) -> dict[str, str]:
    """Run the checks side by side; return name and reason of those that fail."""

    async def run(check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await check()
        except Exception as failure:  # noqa: BLE001 - any failure means: not ready
            return type(failure).__name__
        return ""

    reasons = await asyncio.gather(*(run(check) for check in checks.values()))
    return {name: reason for name, reason in zip(checks, reasons, strict=True) if reason}


async def ready_response(checks: Mapping[str, Check]) -> Response:
    """Return 200 when every check passes, else 503 with those that fail."""
    failed = await failed_checks(checks)
    return JSONResponse({"ready": not failed, "failed": failed}, status_code=503 if failed else 200)


async def alive_response(checks: Mapping[str, Check]) -> Response:
    """Return 200 `ok`, or 503 when the process must be started anew."""
    if failed := await failed_checks(checks):
        return JSONResponse({"alive": False, "failed": failed}, status_code=503)
    return PlainTextResponse("ok")


def metrics_response() -> Response:
    """Return this process's metrics in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class HealthServer:
    """Serves health and metrics on one address until cancelled.

    `checks` say whether the process can do its work now. `alive` say whether it ever will without being
    started anew: a dependency that is away is no reason to end.
    """

    def __init__(
        self, listen: str, checks: Mapping[str, Check], *, alive: Mapping[str, Check] | None = None
    ) -> None:
        self._listen = listen
        self._checks = checks
        self._alive = alive or {}

    async def run(self) -> None:
        """Serve until cancelled."""
        host, _, port = self._listen.rpartition(":")
        app = Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
            ]
        )
        await serve_http(app, host=host, port=int(port), grace_s=1)

    async def _healthz(self, _request: Request) -> Response:
        return await alive_response(self._alive)

    async def _readyz(self, _request: Request) -> Response:
        return await ready_response(self._checks)

    async def _metrics(self, _request: Request) -> Response:
        return metrics_response()


# Answers say the time in seconds.
_TICK_S = 1.0


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handlers: the process owns those.

    It is told when to end, where uvicorn looks for that ten times a second.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ends = asyncio.Event()

    def end(self) -> None:
        """Have it stop serving."""
        self.should_exit = True
        self._ends.set()

    async def main_loop(self) -> None:
        """Keep the date of answers until it ends."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._ends.wait()

    def install_signal_handlers(self) -> None:
        """Leave the signals alone."""


async def serve_http(
    app: object,
    *,
    host: str,
    port: int,
    grace_s: int,
    protocol: Callable[..., asyncio.Protocol] | None = None,
    idle_s: int = 5,
) -> None:
    """Serve an ASGI app until cancelled, then stop within `grace_s` seconds.

    `protocol` makes the connections instead of uvicorn's own; one without a request ends after `idle_s`.
    """
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        http=protocol or "auto",  # type: ignore[arg-type]
        # No service speaks WebSocket: a request to upgrade is answered like any other.
        ws="none",
        timeout_keep_alive=idle_s,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=grace_s,
        server_header=False,
    )
    server = _Server(config)
    # `serve` would capture SIGTERM and SIGINT; `_serve` leaves them to the process.
    serving = asyncio.create_task(server._serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.end()
        await serving
        raise
