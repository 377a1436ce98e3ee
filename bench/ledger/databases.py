"""The ledger's database: migrated and filled once as a template, copied for each case."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from chassis.ids import new_id
from chassis.migrations import upgrade
from embedded import testing
from embedded.testing import ServiceDatabase
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.ledger.v1.events_pb2 import CreditsReserved
from tintype.ledger.v1.ledger_pb2 import CATEGORY_PROMOTIONAL, Balance

HERE = Path(__file__).parent
MIGRATIONS = HERE.parents[1] / "services" / "ledger" / "migrations"

ACCOUNTS = 10_000
# What each account begins with, so that none runs dry, and what each reservation takes.
GRANTED_CREDITS = 1_000_000_000
RESERVED_CREDITS = 5

_TRACE_HEADERS = '{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}'
_names = count(1)


def account_id(number: int) -> str:
    """Return the id of account 1 to ACCOUNTS."""
    return f"usr_{number:032d}"


@dataclass(frozen=True, kw_only=True)
class Template:
    """A migrated and filled database, to be copied or, where that takes too long, used as it is."""

    name: str
    admin_dsn: str
    database: ServiceDatabase

    @contextmanager
    def copy(self) -> Iterator[ServiceDatabase]:
        """Give a copy of its own, dropped afterwards."""
        name = f"bench_{os.getpid()}_{next(_names)}"
        database = testing.clone(self.admin_dsn, template=self.name, name=name, service="ledger")
        _checkpoint(database)
        try:
            yield database
        finally:
            testing.drop(self.admin_dsn, name)

    @contextmanager
    def itself(self) -> Iterator[ServiceDatabase]:
        """Give the template, with what cases before left in it, except their facts."""
        with psycopg.connect(self.database.admin_dsn, autocommit=True) as admin:
            admin.execute("TRUNCATE outbox")
        yield self.database


def template(admin_dsn: str, *, name: str, pairs_per_account: int, migrations: Path = MIGRATIONS) -> Template:
    """Make a template whose accounts have one grant and some charged reservations each."""
    database = testing.provision(admin_dsn, name=name, service="ledger")
    os.environ["LEDGER_SERVICE_ROLE"] = "ledger_service"
    upgrade(migrations, database.owner_url)
    fill(database, pairs_per_account=pairs_per_account)
    with psycopg.connect(database.owner_url.replace("+psycopg", "")) as owner:
        script = (HERE / "operations.sql").read_text().replace("TRACE_HEADERS", f"'{_TRACE_HEADERS}'")
        owner.execute(script.replace("PAYLOAD_BYTES", str(fact().ByteSize())))
    return Template(name=name, admin_dsn=admin_dsn, database=database)


def fill(database: ServiceDatabase, *, pairs_per_account: int) -> None:
    """Write the accounts and their journals, and let the planner know how large they are."""
    script = (HERE / "filling.sql").read_text()
    script = script.replace("ACCOUNTS", str(ACCOUNTS)).replace("PAIRS", str(pairs_per_account))
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute(script)
        admin.execute("VACUUM (ANALYZE)")
        admin.execute("CHECKPOINT")


def _checkpoint(database: ServiceDatabase) -> None:
    """Write everything out, so that each case begins with clean pages."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("CHECKPOINT")


def fact() -> CreditsReserved:
    """Return a fact as the ledger publishes it."""
    moment = Timestamp(seconds=1_790_000_000, nanos=123_456_000)
    balance = Balance(
        account_id=account_id(ACCOUNTS),
        available=GRANTED_CREDITS,
        held=RESERVED_CREDITS,
        by_category={CATEGORY_PROMOTIONAL: GRANTED_CREDITS},
        sequence=1_000,
    )
    return CreditsReserved(
        account_id=account_id(ACCOUNTS),
        reservation_id=new_id("res"),
        generation_id=new_id("gen"),
        amount=RESERVED_CREDITS,
        expires_at=moment,
        balance=balance,
        occurred_at=moment,
    )
