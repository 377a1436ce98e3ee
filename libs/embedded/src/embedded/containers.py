"""The same servers in containers, by testcontainers, for machines with a Docker engine."""

from contextlib import ExitStack
from pathlib import Path

import docker
from docker.errors import DockerException
from minio import Minio
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy, LogMessageWaitStrategy
from testcontainers.postgres import PostgresContainer

from embedded.nats_server import NatsServer
from embedded.seaweedfs import SeaweedFS, SeaweedPorts
from embedded.testing import PASSWORD, S3_BUCKET, S3_KEY, S3_SECRET, S3Login, nats_passwords

POSTGRES_IMAGE = "postgres:16"
NATS_IMAGE = "nats:2.12"
SEAWEEDFS_IMAGE = "chrislusf/seaweedfs:3.97"


def engine_missing() -> str:
    """Say why no Docker engine can be used, or nothing."""
    try:
        docker.from_env(timeout=5).ping()
    except DockerException as failure:
        return f"no Docker engine answers ({type(failure).__name__})"
    return ""


class ContainerServers:
    """Each server in a container of its official image."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._started: dict[str, S3Login | str] = {}

    def postgres_admin_dsn(self) -> str:
        """Start PostgreSQL once; return the superuser's DSN."""
        if "postgres" not in self._started:
            container = PostgresContainer(POSTGRES_IMAGE, username="postgres", password=PASSWORD, driver=None)
            self._started["postgres"] = self._stack.enter_context(container).get_connection_url()
        return str(self._started["postgres"])

    def nats_url(self) -> str:
        """Start NATS once, with the same configuration as the embedded one; return its URL."""
        if "nats" not in self._started:
            settings = NatsServer(data_folder=self._folder / "nats", port=4222, passwords=nats_passwords())
            settings.prepare()
            config = self._folder / "nats" / "nats.conf"
            inside = config.read_text().replace("listen: 127.0.0.1", "listen: 0.0.0.0")
            config.write_text(inside.replace(str(self._folder), "/tmp"))  # noqa: S108 - the container's own
            config.chmod(0o644)
            container = (
                DockerContainer(NATS_IMAGE)
                .with_volume_mapping(str(config), "/nats.conf", "ro")
                .with_command("--config /nats.conf")
                .with_exposed_ports(4222)
                .waiting_for(LogMessageWaitStrategy("Server is ready"))
            )
            running = self._stack.enter_context(container)
            host, port = running.get_container_host_ip(), running.get_exposed_port(4222)
            self._started["nats"] = f"nats://{host}:{port}"
        return str(self._started["nats"])

    def s3_admin(self) -> S3Login:
        """Start SeaweedFS once; return its admin's login."""
        if "s3" not in self._started:
            identities = self._identities()
            container = (
                DockerContainer(SEAWEEDFS_IMAGE)
                .with_volume_mapping(str(identities), "/identities.json", "ro")
                .with_command("server -s3 -s3.config=/identities.json -master.telemetry=false")
                .with_exposed_ports(8333)
                .waiting_for(HttpWaitStrategy(8333, "/healthz"))
            )
            running = self._stack.enter_context(container)
            endpoint = f"{running.get_container_host_ip()}:{running.get_exposed_port(8333)}"
            login = S3Login(endpoint=endpoint, access_key="admin", secret_key=PASSWORD, bucket=S3_BUCKET)
            Minio(
                endpoint=endpoint, access_key=login.access_key, secret_key=login.secret_key, secure=False
            ).make_bucket(bucket_name=S3_BUCKET)
            self._started["s3"] = login
        started = self._started["s3"]
        assert isinstance(started, S3Login)  # noqa: S101 - narrows the type
        return started

    def _identities(self) -> Path:
        settings = SeaweedFS(
            data_folder=self._folder / "seaweedfs",
            ports=SeaweedPorts.free(),
            admin_key="admin",
            admin_secret=PASSWORD,
            access_key=S3_KEY,
            secret_key=S3_SECRET,
            bucket=S3_BUCKET,
        )
        settings.prepare()
        path = self._folder / "seaweedfs" / "identities.json"
        path.chmod(0o644)
        return path
