"""How a provider is served in-process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What a test opens; closed when it ends."""
    async with AsyncExitStack() as opened:
        yield opened
