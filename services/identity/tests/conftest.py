"""Fixtures of identity's tests; what they share lives in `identity_world`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from identity_world import World


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()
