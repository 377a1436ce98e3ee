"""A whole stack whose connections can be broken one by one, and whose processes can be paused."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from embedded.component import stop
from embedded.ports import free_ports
from embedded.tcp_proxy import Link, TcpProxy
from embedded.topology import target_setting, topology
from hurried_models import hurried_models
from launch import START_TIMEOUT_S, free_base, launched
from tintype_local.ports import OFFSETS, Ports
from tintype_local.processes import Plan
from tintype_local.secrets_file import SERVICES, load_or_make
from tintype_local.settings import StackSettings
from tintype_local.state import StackState

WELCOME_CREDITS = 50_000
# Whose setting names a connection to which of the stack's ports.
CONNECTIONS: tuple[tuple[str, str, str], ...] = (
    *((service, "DATABASE_URL", "postgres") for service in SERVICES),
    *((service, "NATS_URL", "nats") for service in SERVICES),
    ("generation", "S3_URL", "s3"),
    ("generation", "OPENAI_BASE_URL", "openai"),
    *(
        (service.name, target_setting(other), topology().grpc_port(other))
        for service in topology().services.values()
        for other in service.calls
    ),
    ("billing", "STRIPE_API_URL", "stripe"),
    ("identity", "SMTP_PORT", "smtp"),
)
DEPENDENCIES = tuple(dict.fromkeys(port for _, _, port in CONNECTIONS))


@dataclass(frozen=True)
class FrailStack:
    """`proxies` by caller and port: `("generation", "s3")`."""

    state: StackState
    plan: Plan
    openai_pid: int
    proxies: dict[tuple[str, str], TcpProxy]

    @contextmanager
    def unreachable(self, dependency: str, link: Link) -> Iterator[None]:
        """Every connection to one dependency is cut or stalled while the block runs."""
        with ExitStack() as broken:
            for (_, port), proxy in self.proxies.items():
                if port == dependency:
                    broken.enter_context(proxy.broken(link))
            yield

    @contextmanager
    def paused(self, process: str) -> Iterator[None]:
        """A process with its children stands still while the block runs."""
        leader = psutil.Process(self.openai_pid if process == "openai" else self.state.pids[process])
        family = [leader, *leader.children(recursive=True)]
        for member in family:
            _signal(member, signal.SIGSTOP)
        try:
            yield
        finally:
            for member in family:
                _signal(member, signal.SIGCONT)


@contextmanager
def frail(folder: Path, *, deadline_s: int) -> Iterator[FrailStack]:
    """Start it, with so much time for each job; everything ends with the block."""
    base = free_base()
    # The stack has an OpenAI stand-in of its own only while nobody names another endpoint, as is done below.
    (openai_port,) = free_ports(1)
    ports = Ports({name: base + offset for name, offset in OFFSETS.items()} | {"openai": openai_port})
    data = folder / "data"
    data.mkdir()
    plan = Plan(settings=StackSettings(), ports=ports, secrets=load_or_make(data / "secrets.json"), data=data)
    with ExitStack() as running:
        proxies = {
            (service, port): running.enter_context(TcpProxy(ports[port])) for service, _, port in CONNECTIONS
        }
        openai = running.enter_context(openai_stand_in(plan))
        settings = {
            "TINTYPE_WELCOME_CREDITS": str(WELCOME_CREDITS),
            "GENERATION_S3_PUBLIC_URL": ports.url("s3"),
            "GENERATION_OPENAI_API_KEY": plan.secrets["openai_key"],
            "GENERATION_MODELS_FILE": str(hurried_models(folder, deadline_s=deadline_s)),
        }
        for service, setting, port in CONNECTIONS:
            name = f"{service.upper()}_{setting}"
            processes = topology().services[service].processes
            told = [plan.environment(service, process=process) for process in processes]
            # Not every process of a service is told of it; those that are, are told the same.
            direct = next(values[name] for values in told if name in values)
            settings[name] = _through(proxies[service, port], direct, str(ports[port]))
        state = running.enter_context(launched(folder, base_port=base, settings=settings))
        yield FrailStack(state, plan, openai.pid, proxies)


@contextmanager
def openai_stand_in(plan: Plan) -> Iterator[subprocess.Popen[bytes]]:
    """The process that answers for OpenAI, as the stack would start it."""
    (spec,) = (spec for spec in plan.stand_ins() if spec.name == "openai")
    process = subprocess.Popen(
        spec.command, env=dict(spec.environment), stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not spec.ready():
            assert time.monotonic() < deadline, "the OpenAI stand-in did not start"
            time.sleep(0.05)
        yield process
    finally:
        stop(process, spec.stop_signal)


def _through(proxy: TcpProxy, direct: str, port: str) -> str:
    """The setting with the proxy's port in place of the real one."""
    head, found, tail = direct.rpartition(port)
    assert found, f"{direct} does not name port {port}"
    return f"{head}{proxy.port}{tail}"


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
