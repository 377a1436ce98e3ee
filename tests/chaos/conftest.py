"""A stack in which every connection between two processes passes through a proxy of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from frail_stack import FrailStack, frail


@pytest.fixture(scope="module")
def frail_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrailStack]:
    """The running stack with its proxies."""
    with frail(tmp_path_factory.mktemp("frail")) as running:
        yield running
