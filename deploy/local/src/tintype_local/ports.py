"""Which ports the stack takes: from one base, each of them overridable, none of them taken already."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from embedded.ports import port_in_use
from embedded.topology import BadTopologyError, topology

# Of what the services need and of what stands in for the world; those of the services are the topology's.
_INFRASTRUCTURE: dict[str, int] = {
    "stripe": 1,
    "mailbox": 2,
    "s3": 3,
    "smtp": 4,
    "openai": 5,
    "polar": 6,
    "oidc": 7,
    "postgres": 20,
    "nats": 21,
    "nats_monitor": 22,
    "s3_grpc": 30,
    "master": 31,
    "master_grpc": 32,
    "volume": 33,
    "volume_grpc": 34,
    "filer": 35,
    "filer_grpc": 36,
    "admin": 37,
    "admin_grpc": 38,
    "replicate": 40,
    "babysea": 41,
    "comfydeploy": 42,
    "comfyui": 43,
    "fal": 44,
}
# Name -> offset from the base port. TINTYPE_<NAME>_PORT sets one alone.
OFFSETS: dict[str, int] = dict(
    sorted({**topology().offsets, **_INFRASTRUCTURE}.items(), key=lambda named: named[1])
)
if len(set(OFFSETS.values())) < len(OFFSETS):
    raise BadTopologyError("a service has a port of the infrastructure")

_STEP, _TRIES = 100, 40


class PortTakenError(RuntimeError):
    """A port that was asked for by name is held by other software."""


@dataclass(frozen=True)
class Ports:
    """Every port by its name; `moved_from` is the base that was taken, if it was."""

    by_name: Mapping[str, int]
    moved_from: int | None = None

    def __getitem__(self, name: str) -> int:
        return self.by_name[name]

    def url(self, name: str) -> str:
        """Return the http address of a port on loopback."""
        return f"http://127.0.0.1:{self.by_name[name]}"

    def address(self, name: str) -> str:
        """Return host and port on loopback."""
        return f"127.0.0.1:{self.by_name[name]}"


def choose_ports(base_port: int, environment: Mapping[str, str] = os.environ) -> Ports:
    """Return free ports from this base, or from the next free base when the user named none.

    Raises PortTakenError, naming port and setting, when one that was asked for is taken.
    """
    chosen = {
        name: int(environment[setting])
        for name in OFFSETS
        if (setting := f"TINTYPE_{name.upper()}_PORT") in environment
    }
    for name, port in chosen.items():
        if port_in_use(port):
            raise PortTakenError(
                f"port {port} (TINTYPE_{name.upper()}_PORT) is taken: free it or set another"
            )
    tries = [base_port + _STEP * step for step in range(_TRIES)]
    if "TINTYPE_BASE_PORT" in environment:
        tries = tries[:1]
    for base in tries:
        ports = {name: base + offset for name, offset in OFFSETS.items()} | chosen
        taken = next((name for name, port in ports.items() if port_in_use(port)), None)
        if taken is None:
            return Ports(ports, moved_from=base_port if base != base_port else None)
    name = taken or "gateway"
    raise PortTakenError(
        f"port {base_port + OFFSETS[name]} is taken by other software: set TINTYPE_BASE_PORT to the first of "
        f"{max(OFFSETS.values()) + 1} free ports, or TINTYPE_{name.upper()}_PORT alone"
    )
