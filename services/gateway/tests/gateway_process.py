"""The gateway as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

Environment = dict[str, str]
# Far more than it takes, also where other work keeps the machine busy.
READY_WITHIN_S = 90


def ready(process: subprocess.Popen[bytes], url: str) -> httpx.Response:
    """Wait for an answer of /readyz that says yes."""
    give_up = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            answer = httpx.get(f"{url}/readyz", timeout=5)
            if answer.status_code == 200:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the gateway did not get ready")


@contextmanager
def running(environment: Environment, log: Path, **settings: str) -> Iterator[str]:
    """The address of a process that is ready, with these settings beside the environment's."""
    settings = {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    url = f"http://{environment['GATEWAY_HTTP_LISTEN']}"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            env={**os.environ, **environment, **settings},
            stderr=stderr,
        )
        try:
            ready(process, url)
            yield url
        finally:
            process.kill()
            process.wait()
