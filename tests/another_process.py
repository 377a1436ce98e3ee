"""A second process of a service beside the running stack's own, with settings of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from embedded.ports import free_ports
from tintype_local.ports import Ports
from tintype_local.processes import Plan, answers_ok
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings
from tintype_local.state import StackState

START_TIMEOUT_S = 120.0


@contextmanager
def another_gateway(stack: StackState, **settings: str) -> Iterator[str]:
    """A gateway on the stack's database; gives its address."""
    listen, metrics = (f"127.0.0.1:{port}" for port in free_ports(2))
    own = {"GATEWAY_METRICS_LISTEN": metrics, "GATEWAY_PUBLIC_URL": f"http://{listen}"}
    with _serving(stack, "gateway", listen, own | settings):
        yield f"http://{listen}"


@contextmanager
def another_identity(stack: StackState, **settings: str) -> Iterator[str]:
    """An identity on the stack's database; gives where it answers calls."""
    http, grpc = (f"127.0.0.1:{port}" for port in free_ports(2))
    with _serving(stack, "identity", http, {"IDENTITY_GRPC_LISTEN": grpc, **settings}):
        yield grpc


@contextmanager
def _serving(stack: StackState, service: str, listen: str, settings: dict[str, str]) -> Iterator[None]:
    plan = Plan(
        settings=StackSettings(),
        ports=Ports(stack.ports),
        secrets=load_or_make(stack.data_folder / "secrets.json"),
        data=stack.data_folder,
    )
    own = {f"{service.upper()}_HTTP_LISTEN": listen, **settings}
    environment = {**os.environ, **plan.environment(service), **own}
    process = subprocess.Popen(
        [sys.executable, "-m", service, "serve"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers_ok(f"http://{listen}/readyz"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()
