"""Starts a whole embedded stack for a test, on a port base and a data folder of its own."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from embedded.ports import port_in_use
from tintype_local import state
from tintype_local.ports import OFFSETS
from tintype_local.secrets_file import SERVICES
from tintype_local.state import StackState

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 40.0


@contextmanager
def launched(folder: Path, *, base_port: int, settings: Mapping[str, str]) -> Iterator[StackState]:
    """A running stack, as `make up` starts it; its data is in `folder`/data. Stopped by Ctrl-C in the end."""
    log = folder / "up.log"
    # Only what this test sets: a developer's own settings must not move it.
    own = ("TINTYPE_", *(f"{service.upper()}_" for service in SERVICES))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    environment |= {
        "TINTYPE_DATA_FOLDER": str(folder / "data"),
        "TINTYPE_BASE_PORT": str(base_port),
        "TINTYPE_ASYNC_PAYMENT_DELAY_S": "0.5",
        **settings,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tintype_local", "up"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _await_started(process, folder / "data", log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)


def free_base() -> int:
    """The first of a hundred ports of which every one that a stack takes is free."""
    # Below the range that the system hands out by itself, so that nobody takes one meanwhile.
    while True:
        base = random.randrange(12_000, 31_000, 100)
        if not any(port_in_use(base + offset) for offset in OFFSETS.values()):
            return base


def _await_started(process: subprocess.Popen[bytes], data: Path, log: Path) -> StackState:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        running = state.read(data)
        if running is not None and running.ready:
            return running
        time.sleep(0.2)
    pytest.fail(f"the stack did not start:\n{log.read_text()[-4000:]}", pytrace=False)
