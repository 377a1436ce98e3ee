"""Runs a stand-in: as a process until a signal, or inside a test on a free port."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import uvicorn
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from starlette.applications import Starlette

S = TypeVar("S", bound=BaseSettings)

START_TIMEOUT_S = 15.0
STOP_GRACE_S = 1


class StartError(Exception):
    """The stand-in did not come up."""


def load_settings(settings_class: type[S]) -> S:
    """Read the settings from the environment; a bad one ends the process with one clear line each."""
    try:
        return settings_class()
    except ValidationError as error:
        prefix = settings_class.model_config.get("env_prefix", "")
        for problem in error.errors():
            name = prefix + "_".join(str(part).upper() for part in problem["loc"])
            sys.stderr.write(f"{name}: {problem['msg']}\n")
        raise SystemExit(2) from None


def split_listen(listen: str) -> tuple[str, int]:
    """Turn `host:port` into its parts."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def serve(app: Starlette, listen: str) -> None:
    """Serve until SIGTERM or SIGINT, then exit 0 within about a second."""
    host, port = split_listen(listen)
    # uvicorn raises the signal again after its shutdown: these turn that death by signal into a clean exit.
    signal.signal(signal.SIGTERM, _exit_cleanly)
    signal.signal(signal.SIGINT, _exit_cleanly)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=STOP_GRACE_S)


def _exit_cleanly(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


@contextmanager
def running(app: Starlette) -> Iterator[str]:
    """Serve in a thread on a free loopback port and yield the base URL; stops at the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=STOP_GRACE_S)
    server = _AnnouncingServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        if not server.ready.wait(START_TIMEOUT_S) or not server.started:
            raise StartError("the stand-in did not start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
        listener.close()


class _AnnouncingServer(uvicorn.Server):
    """Tells another thread when start-up ended, well or badly, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()
