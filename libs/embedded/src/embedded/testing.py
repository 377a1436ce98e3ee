"""What the fixtures are made of: servers for a test session, databases from templates, clean streams."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import nats
import psycopg
from minio import Minio
from minio.deleteobjects import DeleteObject
from psycopg import sql

from embedded.component import running
from embedded.nats_permissions import ADMIN
from embedded.nats_server import NatsServer
from embedded.ports import free_ports
from embedded.postgres import Postgres
from embedded.provisioning import provision_database, restrict_connections
from embedded.seaweedfs import SeaweedFS, SeaweedPorts
from embedded.topology import topology

# Roles belong to a server, not to a database: one password for each is enough for a throwaway server.
PASSWORD = "test-only"  # noqa: S105
S3_KEY, S3_SECRET, S3_BUCKET = "service", "service-test-only", "media"


@dataclass(frozen=True, kw_only=True)
class ServiceDatabase:
    """One database. `url` is the service's role, `owner_url` the migrations', `admin_dsn` a superuser's."""

    url: str
    owner_url: str
    admin_dsn: str


@dataclass(frozen=True, kw_only=True)
class NatsLogin:
    """How one service logs in to NATS."""

    url: str
    user: str
    password: str


@dataclass(frozen=True, kw_only=True)
class S3Login:
    """An S3 endpoint (host and port, no TLS), a key and a bucket."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str


class Servers(Protocol):
    """Starts each server when it is first asked for, and once."""

    def postgres_admin_dsn(self) -> str:
        """Return the superuser's DSN."""

    def nats_url(self) -> str:
        """Return a NATS whose users are the services and `admin`."""

    def s3_admin(self) -> S3Login:
        """Return an S3 store with `S3_BUCKET` and, besides this admin, the key `S3_KEY`."""


class EmbeddedServers:
    """Servers from wheels, without fsync: tests do not cut the power."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._started: dict[str, object] = {}

    def postgres_admin_dsn(self) -> str:
        """Start PostgreSQL once; return the superuser's DSN."""
        if "postgres" not in self._started:
            server = Postgres(
                data_folder=self._folder / "postgres" / "data",
                port=free_ports(1)[0],
                admin_password=PASSWORD,
                durable=False,
            )
            self._started["postgres"] = self._stack.enter_context(
                running(server, log=self._folder / "postgres.log")
            ).admin_dsn()
        return str(self._started["postgres"])

    def nats_url(self) -> str:
        """Start NATS once; return its URL."""
        if "nats" not in self._started:
            server = NatsServer(
                data_folder=self._folder / "nats",
                port=free_ports(1)[0],
                passwords=nats_passwords(),
                durable=False,
            )
            self._started["nats"] = self._stack.enter_context(
                running(server, log=self._folder / "nats.log")
            ).url
        return str(self._started["nats"])

    def s3_admin(self) -> S3Login:
        """Start SeaweedFS once; return its admin's login."""
        if "s3" not in self._started:
            server = SeaweedFS(
                data_folder=self._folder / "seaweedfs",
                ports=SeaweedPorts.free(),
                admin_key="admin",
                admin_secret=PASSWORD,
                access_key=S3_KEY,
                secret_key=S3_SECRET,
                bucket=S3_BUCKET,
            )
            self._stack.enter_context(running(server, log=self._folder / "seaweedfs.log"))
            server.ensure_bucket()
            self._started["s3"] = S3Login(
                endpoint=server.endpoint, access_key="admin", secret_key=PASSWORD, bucket=S3_BUCKET
            )
        login = self._started["s3"]
        assert isinstance(login, S3Login)  # noqa: S101 - narrows the type
        return login


def nats_password(user: str) -> str:
    """Return the password of one user of a test's NATS."""
    return f"{user}-{PASSWORD}"


def nats_passwords() -> dict[str, str]:
    """Return every user of a test's NATS with its password."""
    return {user: nats_password(user) for user in (*topology().services, ADMIN)}


def provision(admin_dsn: str, *, name: str, service: str) -> ServiceDatabase:
    """Create an empty database with the service's two roles."""
    provision_database(
        admin_dsn,
        name=name,
        owner_role=f"{service}_owner",
        owner_password=PASSWORD,
        service_role=f"{service}_service",
        service_password=PASSWORD,
    )
    return _database(admin_dsn, name=name, service=service)


def clone(admin_dsn: str, *, template: str, name: str, service: str) -> ServiceDatabase:
    """Copy a migrated template, file by file: some 20 ms, where block by block takes 30."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(f"{service}_owner")
            )
        )
        restrict_connections(admin, name, f"{service}_service")
    return _database(admin_dsn, name=name, service=service)


def drop(admin_dsn: str, name: str) -> None:
    """Drop a database, whoever is still connected."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def delete_streams(url: str) -> None:
    """Delete every stream of a test's NATS."""

    async def run() -> None:
        client = await nats.connect(url, user=ADMIN, password=nats_password(ADMIN))
        jetstream = client.jetstream()
        for info in await jetstream.streams_info():
            await jetstream.delete_stream(info.config.name or "")
        await client.close()

    asyncio.run(run())


def empty_bucket(login: S3Login) -> None:
    """Delete every object of the bucket."""
    client = Minio(
        endpoint=login.endpoint, access_key=login.access_key, secret_key=login.secret_key, secure=False
    )
    objects = client.list_objects(bucket_name=login.bucket, recursive=True)
    doomed = [DeleteObject(one.object_name) for one in objects if one.object_name]
    for failure in client.remove_objects(bucket_name=login.bucket, delete_object_list=doomed):
        raise RuntimeError(f"could not empty the bucket: {failure}")


def _database(admin_dsn: str, *, name: str, service: str) -> ServiceDatabase:
    def url(role: str) -> str:
        host = urlsplit(admin_dsn).netloc.rpartition("@")[2]
        return f"postgresql+psycopg://{role}:{PASSWORD}@{host}/{name}"

    return ServiceDatabase(
        url=url(f"{service}_service"),
        owner_url=url(f"{service}_owner"),
        admin_dsn=urlunsplit(urlsplit(admin_dsn)._replace(path=f"/{name}")),
    )
