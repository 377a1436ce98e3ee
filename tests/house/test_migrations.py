"""Each service's migrations are one line, numbered as their files are."""

import re

import pytest
from source import ROOT, SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_follow_each_other(service: str) -> None:
    """Two that follow the same one would stop the next start."""
    files = sorted((ROOT / "services" / service / "migrations" / "versions").glob("[0-9]*.py"))
    before = None
    for number, path in enumerate(files, start=1):
        text = path.read_text()
        revision = re.search(r'^revision = "(\w+)"', text, re.MULTILINE)
        follows = re.search(r'^down_revision = (?:"(\w+)"|None)', text, re.MULTILINE)
        assert revision, path
        assert follows, path
        assert path.name.startswith(f"{number:04}_"), path
        assert revision[1] == f"{number:04}", path
        assert follows[1] == before, path
        before = revision[1]
