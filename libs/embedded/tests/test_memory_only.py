"""`--memory-only`: what it leaves out, that it says so, and that the rest runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

SUITE = """
import pytest
from embedded.memory_only import examples
from hypothesis import given, settings, strategies

tried = []

@pytest.fixture(params=["memory", "postgres"])
def store(request):
    return request.param

def test_over_each_store(store):
    assert store in ("memory", "postgres")

@pytest.fixture
def database(postgres_server):
    return postgres_server

@pytest.fixture(scope="session")
def postgres_server():
    return "a server"

def test_through_a_fixture_of_a_fixture(database):
    assert database

@pytest.mark.server
def test_with_a_server_of_its_own():
    pass

@pytest.mark.real_time
def test_that_waits():
    pass

@given(strategies.integers())
@settings(max_examples=examples(300), database=None)
def test_of_a_property(number):
    tried.append(number)

def test_how_often_it_was_tried():
    print(f"tried {len(tried)} times")

@pytest.mark.exhaustive
@pytest.mark.parametrize("row", range(100), ids=[f"row {row}" for row in range(100)])
@pytest.mark.parametrize("column", (column for column in "ab"))
def test_of_a_long_table(row, column):
    print(f"saw {row} of {column}")

@pytest.mark.parametrize("row", range(6))
def test_of_a_table_that_is_not_marked(row):
    pass
"""

OF_A_SERVER = """
import pytest

pytestmark = [pytest.mark.server, pytest.mark.timeout(5)]
print("imported")

def test_anything():
    pass
"""


def run(folder: Path, *options: str) -> str:
    """Run the suite above in a process of its own; return what it printed."""
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "test_whole_file.py").write_text(OF_A_SERVER)
    command = [sys.executable, "-m", "pytest", "-p", "embedded.memory_only", "-rP", *options, str(folder)]
    done = subprocess.run(
        command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_needs_a_server_or_waits_is_left_out_and_counted(tmp_path: Path) -> None:
    """By a parameter, by a fixture however far away, by either mark; properties are tried a few times."""
    printed = run(tmp_path, "--memory-only")
    assert "15 passed, 4 deselected" in printed
    assert (
        "left out for starting a server or waiting: tests 4, whole files 1; rows of long tables: 97"
        in printed
    )
    assert "tried 10 times" in printed


def test_of_a_long_table_a_few_rows_are_tried(tmp_path: Path) -> None:
    """Its first, its last and some between, each with each row of a short one."""
    saw = [line for line in run(tmp_path, "--memory-only").splitlines() if line.startswith("saw ")]
    assert sorted(saw) == sorted(f"saw {row} of {column}" for row in (0, 49, 99) for column in "ab")
    assert "test_of_a_long_table[b-row 49]" in run(tmp_path, "--memory-only", "-v")


def test_a_file_of_such_tests_is_not_imported(tmp_path: Path) -> None:
    """One mark or several: what it imports would cost time for nothing."""
    assert "imported" not in run(tmp_path, "--memory-only", "-s")
    assert "imported" in run(tmp_path, "-s")


def test_side_by_side_the_number_is_the_same(tmp_path: Path) -> None:
    """The processes that run the tests tell it to the one that prints."""
    printed = run(tmp_path, "--memory-only", "-n", "2", "-k", "not how_often")
    assert "14 passed" in printed
    assert (
        "left out for starting a server or waiting: tests 4, whole files 1; rows of long tables: 97"
        in printed
    )


def test_without_the_option_nothing_is_left_out(tmp_path: Path) -> None:
    """Every test runs, and a property is tried as often as it wants."""
    printed = run(tmp_path)
    assert "214 passed" in printed
    assert "left out" not in printed
    assert "tried 300 times" in printed
