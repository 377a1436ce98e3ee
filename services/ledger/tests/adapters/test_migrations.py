"""A ledger that was in use before keeps everything through the migrations."""

import asyncio
import os
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from chassis.clock import SystemClock
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from command_makers import charge
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from ledger.domain.lot import Category
from postgres_ledgers import broken_invariants

pytestmark = pytest.mark.server

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

# What the first schema kept: 100 credits of two lots, 70 of them held.
BEFORE = """
    INSERT INTO accounts VALUES ('usr_1', 30, 70, 0, 4, now());
    INSERT INTO lots (grant_id, account_id, category, amount, remaining, held, spent, expired, priority,
                      effective_at, source, created_at)
    VALUES ('grt_1', 'usr_1', 'promotional', 50, 0, 50, 0, 0, 100, now(), 'welcome', now()),
           ('grt_2', 'usr_1', 'paid', 50, 30, 20, 0, 0, 100, now(), 'test', now());
    INSERT INTO reservations VALUES
        ('res_1', 'usr_1', 'gen_1', 70, 0, 0, 'held', now() + interval '1 hour', now(), NULL);
    INSERT INTO reservation_lines VALUES
        ('res_1', 0, 'usr_1', 'grt_1', 50, 0, 0), ('res_1', 1, 'usr_1', 'grt_2', 20, 0, 0);
    INSERT INTO requests VALUES
        ('r1', 'usr_1', 'GrantCredits', 'f', 'grt_1', NULL, NULL, now()),
        ('r2', 'usr_1', 'GrantCredits', 'f', 'grt_2', NULL, NULL, now()),
        ('r3', 'usr_1', 'ReserveCredits', 'f', 'res_1', NULL, NULL, now());
    INSERT INTO entries (entry_id, transaction_id, account_id, sequence, kind, category, available, held, world,
                         revenue, breakage, debt, adjustment, balance_after, held_after, request_id, grant_id,
                         reservation_id, reference, created_at)
    VALUES ('e1', 't1', 'usr_1', 1, 'grant', 'promotional', 50, 0, -50, 0, 0, 0, 0, 50, 0, 'r1', 'grt_1', NULL, NULL, now()),
           ('e2', 't2', 'usr_1', 2, 'grant', 'paid', 50, 0, -50, 0, 0, 0, 0, 100, 0, 'r2', 'grt_2', NULL, NULL, now()),
           ('e3', 't3', 'usr_1', 3, 'reserve', 'promotional', -50, 50, 0, 0, 0, 0, 0, 50, 50, 'r3', NULL, 'res_1', 'gen_1', now()),
           ('e4', 't3', 'usr_1', 4, 'reserve', 'paid', -20, 20, 0, 0, 0, 0, 0, 30, 70, 'r3', NULL, 'res_1', 'gen_1', now());
"""  # noqa: E501 - one line a row


def test_what_was_held_before_is_settled_after(empty_database: ServiceDatabase) -> None:
    """Lines become columns of their reservation; every invariant holds, and the charge follows them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", empty_database.owner_url.replace("%", "%%"))
    before = os.environ.get("LEDGER_SERVICE_ROLE")
    os.environ["LEDGER_SERVICE_ROLE"] = "library_service"
    try:
        command.upgrade(config, "0002")
        with psycopg.connect(empty_database.admin_dsn) as admin:
            admin.execute(BEFORE)
        command.upgrade(config, "head")
    finally:
        if before is None:
            del os.environ["LEDGER_SERVICE_ROLE"]
        else:
            os.environ["LEDGER_SERVICE_ROLE"] = before
    asyncio.run(_settle(empty_database))


async def _settle(database: ServiceDatabase) -> None:
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, UuidIds())
    assert await broken_invariants(engine) == {}
    writer = CommandWriter(units, SystemClock(), UuidIds())
    charged = await writer.apply(charge("res_1", 60))
    assert charged is not None
    assert charged.balance.by_category == {Category.PAID: 40}
    assert await broken_invariants(engine) == {}
    await units.close()
    await engine.dispose()
