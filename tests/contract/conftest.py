"""Where the services' own test worlds are found, and how a provider is served in-process."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from embedded.topology import topology

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
for folder in (
    HERE,
    *(ROOT / "services" / service.name / "tests" for service in topology().services.values() if service.grpc),
):
    sys.path.insert(0, str(folder))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What a test opens; closed when it ends."""
    async with AsyncExitStack() as opened:
        yield opened
