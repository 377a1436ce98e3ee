"""How PostgreSQL finds a batch's rows: by index, though the plan is from when there were none."""

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds, new_id
from command_makers import charge, grant, renew, reserve
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.postgres.many_rows import MANY
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from ledger.domain.budget import BudgetPeriod, BudgetScope
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server


async def test_a_plan_from_an_empty_table_never_walks_through_it(
    database: ServiceDatabase, engine: AsyncEngine
) -> None:
    """Statements are prepared once and live long: one that reads a whole table gets slower every second."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")
    units = PostgresUnitsOfWork(engine, UuidIds())
    writer = CommandWriter(units, SystemClock(), UuidIds())
    account = new_id("usr")
    await writer.apply(grant(account, 100_000))
    budget = (BudgetScope("key:1", BudgetPeriod.DAY, 100_000),)
    for count in (1, MANY // 2, MANY * 2):
        for _ in range(4):
            held = await writer.apply_batch([reserve(account, 5, budget_scopes=budget) for _ in range(count)])
            await writer.apply_batch([charge(one.made_id, 4) for one in held])
            await writer.apply(renew(account, 10))
    plans = await _plans(units)
    await units.close()
    for wanted in ("UPDATE reservations", "UPDATE lots", "UPDATE accounts", "FROM budgets", "FROM lots"):
        assert any(wanted in statement for statement in plans), wanted
    for statement, plan in plans.items():
        assert "Seq Scan" not in plan, statement
        assert plan.count("Index Scan") == plan.count("Index Cond:"), f"{statement}\n{plan}"


async def _plans(units: PostgresUnitsOfWork) -> dict[str, str]:
    """What the writer's connections prepared and has to find rows, with the plan that each is run by."""
    plans: dict[str, str] = {}
    for pipeline in units._idle:
        prepared = pipeline.send(
            "SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements "
            "WHERE statement ~ 'UPDATE|FROM (accounts|requests|lots|reservations|budgets)' "
            "AND cardinality(parameter_types) > 0"
        )
        await pipeline.answers()
        for name, statement, parameters in prepared:
            nothing = ", ".join(["NULL"] * parameters)
            rows = pipeline.send(f'EXPLAIN EXECUTE "{name}"({nothing})')
            await pipeline.answers()
            plans[statement] = "\n".join(row[0] for row in rows)
    return plans
