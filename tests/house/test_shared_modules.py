"""Modules that tests share are found by their names alone: see conftest.py at the root."""

import sys
from collections import Counter
from pathlib import Path

from source import ROOT


def test_no_two_folders_share_a_name() -> None:
    """The second would be imported in place of the first, in whatever order tests are collected."""
    folders = [Path(entry) for entry in sys.path if Path(entry).is_relative_to(ROOT) and "tests" in entry]
    assert len(folders) > 10
    shared = [
        path.name
        for folder in folders
        for path in folder.glob("*.py")
        if not path.name.startswith(("test_", "conftest", "__"))
    ]
    assert [name for name, count in Counter(shared).items() if count > 1] == []
