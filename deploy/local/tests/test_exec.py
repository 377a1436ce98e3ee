"""`tintype exec`: a service's own command, with the settings of the stack that runs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from embedded.testing import ServiceDatabase
from tintype_local import state
from tintype_local.ports import OFFSETS

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tintype(tmp_path: Path) -> Run:
    """The command, over a data folder of its own."""

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "tintype_local", *words],
            env={**os.environ, "TINTYPE_DATA_FOLDER": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def stack(tmp_path: Path, service_database: Callable[[str], ServiceDatabase]) -> Iterator[Path]:
    """A stack whose one process was started with the settings of a ledger."""
    environment = {"PATH": os.environ["PATH"], "LEDGER_DATABASE_URL": service_database("ledger").url}
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], env=environment, stdin=subprocess.PIPE
    ) as ledger:
        # Nothing listens there: the ledger's own settings say where its database is.
        state.write(tmp_path, ports=OFFSETS, pids={"postgres": ledger.pid, "ledger": ledger.pid}, ready=True)
        yield tmp_path
        ledger.kill()


def test_a_command_works_against_the_running_stack(tintype: Run, stack: Path) -> None:
    """Its words reach it as they are, options and what follows -- too; so does its exit code."""
    verified = tintype("exec", "ledger", "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "entries_sum_to_zero" in verified.stdout
    who = ("--actor", "ana", "--reason", "sent twice")
    refused = tintype("exec", "ledger", "adjust", "usr_nobody", *who, "--", "-5")
    assert (refused.returncode, refused.stderr) == (1, "ACCOUNT_NOT_FOUND: no account usr_nobody\n")


def test_what_does_not_run_is_said(tintype: Run, tmp_path: Path) -> None:
    """Without a stack, and for a name that is no service."""
    nothing = tintype("exec", "ledger", "verify")
    assert (nothing.returncode, nothing.stdout) == (2, "No stack is running here. Start one with: make up\n")


def test_another_name_is_answered_with_those_that_there_are(tintype: Run, stack: Path) -> None:
    """The servers beside the services have no commands."""
    for name in ("ledgr", "postgres"):
        unknown = tintype("exec", name, "verify")
        assert unknown.returncode == 2
        assert unknown.stdout == f"There is no service '{name}'. There are: ledger\n"
