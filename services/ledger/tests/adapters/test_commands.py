"""`python -m ledger`: what an operator sees."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from ledger.application.open_account import OpenAccount

pytestmark = pytest.mark.server

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ledger(database: ServiceDatabase) -> tuple[ServiceDatabase, Run]:
    """A database with one account that has nothing, and the command with its settings."""
    asyncio.run(open_account(database))
    settings = {"LEDGER_DATABASE_URL": database.url}

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ledger", *words],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return database, run


async def open_account(database: ServiceDatabase) -> None:
    """Let `usr_1` be known."""
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, UuidIds())
    command = OpenAccount(request_id="open:usr_1", account_id="usr_1")
    assert await CommandWriter(units, SystemClock(), UuidIds()).apply(command) is not None
    await units.close()
    await engine.dispose()


@pytest.mark.parametrize(
    ("account_id", "said"),
    [
        ("usr_nobody", "ACCOUNT_NOT_FOUND: no account usr_nobody\n"),
        ("usr_1 ", "INVALID_FIELD: account_id: must be 1 to 64 letters, digits, _ or -\n"),
        ("usr_1.", "INVALID_FIELD: account_id: must be 1 to 64 letters, digits, _ or -\n"),
        ("usr..1", "INVALID_FIELD: account_id: must be 1 to 64 letters, digits, _ or -\n"),
        ("u" * 65, "INVALID_FIELD: account_id: must be 1 to 64 letters, digits, _ or -\n"),
    ],
)
def test_a_mistyped_account_is_not_corrected(
    ledger: tuple[ServiceDatabase, Run], account_id: str, said: str
) -> None:
    """One line says why; no account is opened, nothing is told."""
    database, run = ledger
    refused = run("adjust", account_id, "5", "--actor", "ana", "--reason", "x")
    assert (refused.returncode, refused.stderr) == (1, said)
    with psycopg.connect(database.admin_dsn) as admin:
        assert admin.execute("SELECT account_id, sequence FROM accounts").fetchall() == [("usr_1", 0)]
        assert admin.execute("SELECT count(*) FROM outbox").fetchall() == [(0,)]


def test_a_correction_and_its_proof(ledger: tuple[ServiceDatabase, Run]) -> None:
    """Done once under its request id, refused with its reason, in the journal with who and why."""
    database, run = ledger
    who = ("--actor", "ana", "--reason", "sent twice")
    done = run("adjust", "usr_1", "50", *who, "--request-id", "adj_1")
    assert (done.returncode, done.stdout) == (0, "adj_1 done: 50 credits available, 0 held, 0 owed\n")
    assert (
        "adj_1 was done before: 50 credits"
        in run("adjust", "usr_1", "50", *who, "--request-id", "adj_1").stdout
    )
    refused = run("adjust", "usr_1", *who, "--", "-51")
    assert refused.returncode == 1
    assert refused.stderr.startswith("INSUFFICIENT_CREDITS: 51 credits are needed and 50 are available")
    with psycopg.connect(database.admin_dsn) as admin:
        written = admin.execute("SELECT actor, reason, available, adjustment FROM entries").fetchall()
    assert written == [("ana", "sent twice", 50, -50)]


def test_verify_says_what_holds_and_what_does_not(ledger: tuple[ServiceDatabase, Run]) -> None:
    """One line an invariant; the exit code says whether all hold."""
    database, run = ledger
    run("adjust", "usr_1", "50", "--actor", "ana", "--reason", "x")
    whole = run("verify")
    assert whole.returncode == 0
    assert "entries_sum_to_zero" in whole.stdout
    assert "chain_holds" in whole.stdout
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("UPDATE accounts SET available = available + 1")
    broken = run("verify")
    assert broken.returncode == 1
    assert "BROKEN 1 times: usr_1" in broken.stdout


def test_no_dead_letters(ledger: tuple[ServiceDatabase, Run]) -> None:
    """The empty state says so."""
    _, run = ledger
    assert run("dead-letters", "list").stdout == "no dead letters\n"


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("verify",), "LEDGER_DATABASE_URL"),
        (("adjust", "usr_1", "5", "--actor", "ana", "--reason", "x"), "LEDGER_DATABASE_URL"),
        (("migrate",), "LEDGER_MIGRATION_DATABASE_URL"),
        (
            ("serve",),
            """LEDGER_DATABASE_URL, LEDGER_NATS_URL, LEDGER_NATS_USER, LEDGER_NATS_PASSWORD,
            LEDGER_CALLER_TOKEN, LEDGER_GENERATION_TARGET""",
        ),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else "",
)
def test_what_is_missing_is_one_line(words: tuple[str, ...], missing: str) -> None:
    """A command asks for what it needs, by the variable's name."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    ended = subprocess.run(
        [sys.executable, "-m", "ledger", *words],
        env=bare,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    said, names = ended.stderr.strip().split(": ")
    assert said == "missing in the environment"
    assert set(names.split(", ")) == set(missing.replace(",", "").split())
