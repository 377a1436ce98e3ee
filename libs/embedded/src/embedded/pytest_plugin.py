"""Fixtures that give tests a real PostgreSQL, NATS and S3, started once a session and clean each time.

    async def test_reserves(service_database, nats_account, s3_bucket):
        database = service_database("ledger")          # migrated, empty, dropped afterwards
        engine = create_engine(database.url)            # the service's role: neither owner nor superuser
        login = nats_account("ledger")                  # login.url, login.user, login.password
        s3_bucket.endpoint, s3_bucket.access_key, s3_bucket.secret_key, s3_bucket.bucket

`postgres_server`, `nats_server` and `s3_server` are the servers behind them; `empty_database` has no
tables. TINTYPE_TEST_ENGINE=docker runs the same servers in containers by testcontainers.
"""

import itertools
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from embedded import testing
from embedded.testing import NatsLogin, S3Login, Servers, ServiceDatabase
from embedded.throwaway import throwaway_folder

_names = itertools.count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Whichever engine runs the servers; each one starts when it is first asked for."""
    with throwaway_folder() as folder, ExitStack() as stack:
        if os.environ.get("TINTYPE_TEST_ENGINE", "embedded") == "docker":
            from embedded.containers import ContainerServers, engine_missing

            if reason := engine_missing():
                pytest.skip(f"TINTYPE_TEST_ENGINE=docker: {reason}")
            yield ContainerServers(folder, stack)
        else:
            yield testing.EmbeddedServers(folder, stack)


@pytest.fixture(scope="session")
def postgres_server(servers: Servers) -> str:
    """Give the superuser's DSN (`postgresql://...`) of a running PostgreSQL."""
    return servers.postgres_admin_dsn()


@pytest.fixture(scope="session")
def nats_server(servers: Servers) -> str:
    """Give the URL of a running NATS with JetStream."""
    return servers.nats_url()


@pytest.fixture(scope="session")
def s3_server(servers: Servers) -> S3Login:
    """Give a running S3 store with its admin's key."""
    return servers.s3_admin()


@pytest.fixture(scope="session")
def template_databases(postgres_server: str) -> Callable[[str], str]:
    """Return the name of a service's migrated template, migrating it the first time."""
    made: dict[str, str] = {}

    def template(service: str) -> str:
        if service not in made:
            name = f"template_{service}_{secrets.token_hex(4)}"
            database = testing.provision(postgres_server, name=name, service=service)
            migrate(service, database)
            made[service] = name
        return made[service]

    return template


@pytest.fixture
def service_database(
    postgres_server: str, template_databases: Callable[[str], str]
) -> Iterator[Callable[[str], ServiceDatabase]]:
    """Return `clone(service)`: a migrated, empty database of one service, dropped after the test."""
    clones: list[str] = []

    def clone(service: str) -> ServiceDatabase:
        name = f"test_{service}_{os.getpid()}_{next(_names)}_{secrets.token_hex(3)}"
        clones.append(name)
        return testing.clone(
            postgres_server, template=template_databases(service), name=name, service=service
        )

    yield clone
    for name in clones:
        testing.drop(postgres_server, name)


@pytest.fixture
def empty_database(postgres_server: str) -> Iterator[ServiceDatabase]:
    """Give a database without tables, for the libraries' tests; its roles are `library_owner`/`_service`."""
    name = f"test_empty_{os.getpid()}_{next(_names)}_{secrets.token_hex(3)}"
    yield testing.provision(postgres_server, name=name, service="library")
    testing.drop(postgres_server, name)


@pytest.fixture
def nats_account(nats_server: str) -> Callable[[str], NatsLogin]:
    """Return `login(service)`; every stream of earlier tests is gone."""
    testing.delete_streams(nats_server)
    return lambda service: NatsLogin(url=nats_server, user=service, password=testing.nats_password(service))


@pytest.fixture
def s3_bucket(s3_server: S3Login) -> S3Login:
    """Give a key that may use one bucket, which is empty."""
    testing.empty_bucket(s3_server)
    return S3Login(
        endpoint=s3_server.endpoint,
        access_key=testing.S3_KEY,
        secret_key=testing.S3_SECRET,
        bucket=testing.S3_BUCKET,
    )


def migrate(service: str, database: ServiceDatabase) -> None:
    """Run the service's own migration command as its owner role."""
    prefix = service.upper()
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", service, "migrate"],
        env={
            **os.environ,
            f"{prefix}_MIGRATION_DATABASE_URL": database.owner_url,
            f"{prefix}_SERVICE_ROLE": f"{service}_service",
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=Path.cwd(),
    )
    if done.returncode != 0:
        pytest.fail(f"python -m {service} migrate:\n{done.stderr[-4000:]}", pytrace=False)
