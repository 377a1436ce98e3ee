"""Chats of several accounts that begin together: the transactions that they share."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from embedded.testing import ServiceDatabase
from generation.domain.identifiers import AccountId
from interactive_house import Interactive, asked
from killed_at_statement import overheard, rows

pytestmark = pytest.mark.server

CHATS = 12


async def test_chats_of_several_accounts_begin_in_two_transactions(
    database: ServiceDatabase, tmp_path: Path
) -> None:
    """One before the ledger is asked, one with its answers and the leases, whoever they are of."""
    async with overheard(database.url, tmp_path) as (house, wire):
        accept = Interactive(house).accept
        chats = [replace(asked(), account_id=AccountId(f"usr_{number}")) for number in range(CHATS)]
        await asyncio.gather(*map(accept, chats))
        said = wire.said()
    looked_at = ("BEGIN", "INSERT INTO generations", "INSERT INTO attempts", "ROLLBACK")
    assert {each: said.count(each) for each in looked_at} == {
        "BEGIN": 2,
        "INSERT INTO generations": CHATS,
        "INSERT INTO attempts": CHATS,
        "ROLLBACK": 0,
    }
    leased = "SELECT count(*), count(DISTINCT account_id) FROM attempts WHERE outcome = 'running'"
    assert rows(database, leased) == [(CHATS, CHATS)]
