"""A ledger whose tests name every fact that is published: one too many or too few fails them."""

from collections.abc import AsyncIterator

import pytest
from ledger.adapters.outbound.memory import MemoryLedger
from support import LedgerUnderTest


@pytest.fixture
async def ledger() -> AsyncIterator[LedgerUnderTest]:
    """A ledger in memory, and exactly the facts that the test expects of it."""
    world = LedgerUnderTest.over_memory(MemoryLedger())
    async with world.facts:
        yield world
