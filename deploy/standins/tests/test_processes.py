"""The stand-ins as real processes: start, clean stop, kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stripe
from embedded.ports import free_ports

KEY = "sk_test_standin"
ALL = [
    "stripe",
    "polar",
    "openai",
    "replicate",
    "babysea",
    "comfydeploy",
    "comfyui",
    "fal",
    "mailbox",
    "oidc",
    "turnstile",
]
START_S = 20.0
STOP_S = 10.0


@contextmanager
def process(module: str, url: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m standins.<module>` until the block ends; enters once it is healthy."""
    command = [sys.executable, "-m", f"standins.{module}"]
    child = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        _await_health(child, url)
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def _await_health(child: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert child.poll() is None, "the process ended at its start"
        try:
            if httpx.get(f"{url}/healthz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the process never became healthy")


def environment_of(module: str, port: int, folder: Path) -> dict[str, str]:
    """Settings of a process that listens on the port and keeps its state in the folder."""
    prefix = f"STANDIN_{module.upper()}"
    found = {f"{prefix}_LISTEN": f"127.0.0.1:{port}", f"{prefix}_DATA_FOLDER": str(folder)}
    return {**found, f"{prefix}_SMTP_LISTEN": f"127.0.0.1:{free_ports(1)[0]}"}


@pytest.mark.parametrize("module", ALL)
def test_sigterm_is_a_clean_exit(module: str, tmp_path: Path) -> None:
    """SIGTERM ends each stand-in with exit code 0 within a few seconds."""
    port = free_ports(1)[0]
    with process(module, f"http://127.0.0.1:{port}", environment_of(module, port, tmp_path)) as child:
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=STOP_S) == 0


@pytest.mark.parametrize("module", ALL)
def test_bad_setting_is_one_clear_line(module: str) -> None:
    """A bad setting ends the start with exit code 2 and names its variable."""
    name = f"STANDIN_{module.upper()}_LISTEN"
    done = subprocess.run(
        [sys.executable, "-m", f"standins.{module}"],
        env={**os.environ, name: "nowhere"},
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [name]


def test_stripe_survives_kill(tmp_path: Path) -> None:
    """What was answered before kill -9 is there after the restart, with its pending webhook and its key."""
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    environment = environment_of("stripe", port, tmp_path)
    environment["STANDIN_STRIPE_WEBHOOK_URL"] = f"http://127.0.0.1:{free_ports(1)[0]}/nobody-listens"
    sdk = stripe.StripeClient(KEY, base_addresses={"api": url}, max_network_retries=0).v1
    with process("stripe", url, environment) as child:
        first = sdk.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
        child.kill()
        child.wait()
    with process("stripe", url, environment):
        assert sdk.customers.create({"name": "Ada"}, {"idempotency_key": "k"}).id == first.id
        (event,) = sdk.events.list().data
        assert (event.type, event.pending_webhooks) == ("customer.created", 1)
