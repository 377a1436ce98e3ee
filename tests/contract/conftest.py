"""Where the services' own test worlds are found, and how a provider is served in-process."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
for folder in (
    HERE,
    *(ROOT / "services" / name / "tests" for name in ("ledger", "billing", "identity", "generation")),
):
    sys.path.insert(0, str(folder))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What a test opens; closed when it ends."""
    async with AsyncExitStack() as opened:
        yield opened
