"""The servers that the services need: database, broker and object store."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.nats_server import NatsServer
from embedded.postgres import Postgres
from embedded.seaweedfs import SeaweedFS, SeaweedPorts
from embedded.topology import topology

from tintype_local.environment import inherited
from tintype_local.ports import Ports
from tintype_local.supervisor import ProcessSpec

BUCKET = "tintype-media"


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """Where they listen, with which secrets, and where they keep what they hold."""

    ports: Ports
    secrets: Mapping[str, str]
    data: Path

    @property
    def postgres(self) -> Postgres:
        """The database server."""
        return Postgres(
            data_folder=self.data / "postgres" / "data",
            port=self.ports["postgres"],
            admin_password=self.secrets["postgres_admin"],
        )

    @property
    def nats(self) -> NatsServer:
        """The broker."""
        return NatsServer(
            data_folder=self.data / "nats",
            port=self.ports["nats"],
            monitor_port=self.ports["nats_monitor"],
            passwords={"admin": self.secrets["nats_admin"]}
            | {service: self.secrets[f"nats_{service}"] for service in topology().services},
        )

    @property
    def seaweedfs(self) -> SeaweedFS:
        """The object store."""
        names = SeaweedPorts.__dataclass_fields__
        return SeaweedFS(
            data_folder=self.data / "seaweedfs",
            ports=SeaweedPorts(**{name: self.ports[name] for name in names}),
            admin_key="admin",
            admin_secret=self.secrets["s3_admin"],
            access_key="generation",
            secret_key=self.secrets["s3_service"],
            bucket=BUCKET,
        )

    def infrastructure(self) -> list[ProcessSpec]:
        """Return the servers that the services need."""
        return [
            ProcessSpec(
                name=component.name,
                command=component.command(),
                environment=inherited(),
                ready=component.ready,
                stop_signal=component.stop_signal,
            )
            for component in (self.postgres, self.nats, self.seaweedfs)
        ]
