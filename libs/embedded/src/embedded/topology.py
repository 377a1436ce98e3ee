"""The services as deploy/topology.toml describes them."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[4] / "deploy" / "topology.toml"
_KINDS = ("grpc", "http", "metrics")
_SERVICE = {"publishes", "listens_to", "calls", "ephemeral_consumers", "internal_messages", "processes"}
_PROCESS = {"name", "command", "port_names", "stop_timeout_s", "calls", *_KINDS}


class BadTopologyError(ValueError):
    """The description contradicts itself, or says something that nobody reads."""


@dataclass(frozen=True)
class Port:
    """One port: its name, which TINTYPE_<NAME>_PORT sets, and its distance from the stack's first."""

    name: str
    offset: int


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process of a service; a port that it does not have is None."""

    name: str
    service: str
    command: str
    http: Port
    grpc: Port | None = None
    metrics: Port | None = None
    stop_timeout_s: float | None = None
    own_calls: tuple[str, ...] | None = None
    """Whom it calls as a caller of its own name; None for whom its service calls, in the service's name."""

    @property
    def caller(self) -> str:
        """By which name others know it when it calls them."""
        return self.service if self.own_calls is None else self.name

    @property
    def ports(self) -> tuple[Port, ...]:
        """Those that it has."""
        return tuple(port for port in (self.grpc, self.http, self.metrics) if port is not None)


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service. Its database, its roles and its users at the broker and in gRPC follow from its name."""

    name: str
    processes: tuple[Process, ...]
    publishes: bool = False
    listens_to: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    ephemeral_consumers: bool = False
    internal_messages: bool = False

    @property
    def grpc(self) -> Port | None:
        """Where its gRPC is answered, if it answers any."""
        return next((process.grpc for process in self.processes if process.grpc is not None), None)

    @property
    def database(self) -> str:
        """The database that is its own."""
        return f"tintype_{self.name}"

    @property
    def owner_role(self) -> str:
        """The role that migrates."""
        return f"{self.name}_owner"

    @property
    def service_role(self) -> str:
        """The role that its processes log in with."""
        return f"{self.name}_service"


@dataclass(frozen=True)
class Topology:
    """Every service in the order of the file, and callers that are none with whom they call."""

    services: Mapping[str, Service]
    clients: Mapping[str, tuple[str, ...]]

    @property
    def processes(self) -> tuple[Process, ...]:
        """Every process of every service."""
        return tuple(process for service in self.services.values() for process in service.processes)

    @property
    def callers(self) -> tuple[str, ...]:
        """Everybody who has a token: services, processes that call in their own name, and other clients."""
        own = tuple(process.name for process in self.processes if process.own_calls is not None)
        return (*self.services, *own, *self.clients)

    def calls_of(self, process: Process) -> tuple[str, ...]:
        """Return whom a process calls."""
        return self.services[process.service].calls if process.own_calls is None else process.own_calls

    @property
    def offsets(self) -> dict[str, int]:
        """Each port's distance by its name."""
        return {port.name: port.offset for process in self.processes for port in process.ports}

    def answering(self, called: str) -> Process:
        """Return the process that answers calls to this service or process. Raises BadTopologyError."""
        if (service := self.services.get(called)) is not None:
            named = service.processes
        else:
            named = tuple(process for process in self.processes if process.name == called)
        for process in named:
            if process.grpc is not None:
                return process
        raise BadTopologyError(f"{called} answers no gRPC")

    def grpc_port(self, called: str) -> str:
        """Return the name of the gRPC port of a service, or of a process. Raises BadTopologyError."""
        port = self.answering(called).grpc
        if port is None:
            raise BadTopologyError(f"{called} answers no gRPC")
        return port.name


def target_setting(called: str) -> str:
    """Return the name of the setting that says where a service, or a process, is called."""
    return f"{called.upper().replace('-', '_')}_TARGET"


@cache
def topology() -> Topology:
    """Return what this repository's file describes."""
    return read(FILE.read_text())


def read(text: str) -> Topology:
    """Parse a description. Raises BadTopologyError, naming what is wrong."""
    content = tomllib.loads(text)
    services = {name: _service(name, table) for name, table in content.get("services", {}).items()}
    clients = {name: tuple(table["calls"]) for name, table in content.get("clients", {}).items()}
    found = Topology(services, clients)
    if problems := list(_problems(found)):
        raise BadTopologyError("; ".join(problems))
    return found


def _service(name: str, table: Mapping[str, Any]) -> Service:
    _only(table, _SERVICE, name)
    return Service(
        name=name,
        processes=tuple(_process(name, process) for process in table.get("processes", ())),
        publishes=table.get("publishes", False),
        listens_to=tuple(table.get("listens_to", ())),
        calls=tuple(table.get("calls", ())),
        ephemeral_consumers=table.get("ephemeral_consumers", False),
        internal_messages=table.get("internal_messages", False),
    )


def _process(service: str, table: Mapping[str, Any]) -> Process:
    _only(table, _PROCESS, service)
    if missing := {"name", "command", "http"} - set(table):
        raise BadTopologyError(f"a process of {service} lacks {', '.join(sorted(missing))}")
    names = table.get("port_names", {})
    ports = {
        kind: Port(names.get(kind, f"{service}_{kind}"), table[kind]) for kind in _KINDS if kind in table
    }
    return Process(
        name=table["name"],
        service=service,
        command=table["command"],
        stop_timeout_s=table.get("stop_timeout_s"),
        own_calls=tuple(table["calls"]) if "calls" in table else None,
        **ports,
    )


def _only(table: Mapping[str, Any], known: set[str], service: str) -> None:
    if unknown := set(table) - known:
        raise BadTopologyError(f"{service}: nobody reads {', '.join(sorted(unknown))}")


def _problems(found: Topology) -> Iterator[str]:
    for service in found.services.values():
        if not service.processes:
            yield f"{service.name} has no process"
        for other in service.listens_to:
            if other not in found.services or not found.services[other].publishes:
                yield f"{service.name} listens to {other}, which publishes nothing"
        yield from _uncallable(service.name, service.calls, found)
    for process in found.processes:
        yield from _uncallable(process.name, process.own_calls or (), found)
    for client, calls in found.clients.items():
        yield from _uncallable(client, calls, found)
    ports = [port for process in found.processes for port in process.ports]
    for what, counted in (
        ("processes are called", Counter(process.name for process in found.processes)),
        ("ports are called", Counter(port.name for port in ports)),
        ("ports are at", Counter(str(port.offset) for port in ports)),
    ):
        yield from (f"{count} {what} {value}" for value, count in counted.items() if count > 1)


def _uncallable(caller: str, calls: tuple[str, ...], found: Topology) -> Iterator[str]:
    for other in calls:
        try:
            found.answering(other)
        except BadTopologyError as error:
            yield f"{caller} calls {other}, which {str(error).removeprefix(f'{other} ')}"
