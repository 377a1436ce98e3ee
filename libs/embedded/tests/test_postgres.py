"""Preparing PostgreSQL: once, whole, and never over somebody's files."""

from pathlib import Path

import pytest
from embedded.component import running
from embedded.ports import free_ports
from embedded.postgres import Postgres

pytestmark = pytest.mark.server


def server(folder: Path) -> Postgres:
    """A server on a free port."""
    return Postgres(data_folder=folder, port=free_ports(1)[0], admin_password="test-only", durable=False)


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    """Nothing of it is deleted."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="not empty"):
        server(folder).prepare()
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_start_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    """What was left half made is made again, and what is whole stays."""
    half_made = tmp_path / "data.unfinished"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18")
    with running(server(tmp_path / "data"), log=tmp_path / "log") as first:
        assert first.ready()
    made = (tmp_path / "data" / "PG_VERSION").stat().st_mtime_ns
    with running(server(tmp_path / "data"), log=tmp_path / "log") as second:
        assert second.ready()
    assert (tmp_path / "data" / "PG_VERSION").stat().st_mtime_ns == made
    assert not half_made.exists()
