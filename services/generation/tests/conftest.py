"""Fixtures of generation's tests; what they share lives in `generation_house`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from generation_house import House


@pytest.fixture
def house() -> House:
    """A house of its own for each test."""
    return House()
