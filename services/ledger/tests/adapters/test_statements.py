"""What only a real sealer does to a statement."""

import pytest
from embedded.testing import ServiceDatabase
from journal_rows import open_journal
from ledger.adapters.outbound.postgres.sealing import PostgresJournalSealing
from ledger.adapters.outbound.postgres.statements import PostgresStatements
from ledger.application.seal_journal import SealJournalHandler
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server


async def test_lines_that_are_sealed_meanwhile_do_not_change_the_statement(
    database: ServiceDatabase, engine: AsyncEngine
) -> None:
    """Only the end of a statement is unsealed, and nothing that is written later slips in."""
    journal, seal = open_journal(database), SealJournalHandler(PostgresJournalSealing(engine))
    journal.write("usr_a", rows=3)
    journal.commit()
    await seal()
    journal.write("usr_a", rows=2)
    journal.commit()
    statements = PostgresStatements(engine, page_lines=2)
    covered = await statements.range("usr_a", None, None)
    journal.write("usr_a", rows=5)
    journal.commit()
    await seal()
    lines = [line async for line in statements.lines(covered)]
    assert [line.entry.sequence for line in lines] == [1, 2, 3, 4, 5]
    assert [line.hash is None for line in lines] == [False, False, False, True, True]
    assert (await statements.range("usr_b", None, None)).last_sequence == 0
    journal.connection.close()
