"""A stack in which every connection between two processes passes through a proxy of its own."""

from collections.abc import Iterator

import pytest
from frail_stack import FrailStack, frail


@pytest.fixture(scope="module")
def frail_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrailStack]:
    """The running stack with its proxies."""
    with frail(tmp_path_factory.mktemp("frail")) as running:
        yield running
