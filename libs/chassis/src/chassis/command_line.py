"""`python -m <service> ...`: a service lists its commands; one mechanism parses, configures and runs them.

    COMMANDS = (
        serve_command("greeter", serve, GreeterSettings, help_text="answer gRPC until SIGTERM"),
        migrate_command(MIGRATIONS, MigrationSettings),
    )


    def main(arguments: Sequence[str]) -> int:
        return run_command("greeter", COMMANDS, arguments)

Exit codes: 0 done, 1 failed or refused, 2 asked or configured wrongly.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic_settings import BaseSettings
from sqlalchemy import Table

from chassis.dead_letters import DeadLetters, Handler
from chassis.dead_letters_command import add_arguments as add_dead_letters_arguments
from chassis.dead_letters_command import run as run_dead_letters
from chassis.outbox_command import add_arguments as add_outbox_arguments
from chassis.outbox_command import run_on as run_outbox
from chassis.process import DRAIN_MAX_S, run_until_signalled
from chassis.settings import DatabaseSettings, LogSettings, OwnerSettings, load_settings
from chassis.telemetry import configure_telemetry

S = TypeVar("S", bound=BaseSettings)
L = TypeVar("L", bound=LogSettings)
D = TypeVar("D", bound=DatabaseSettings)


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    """Leave a command without arguments of its own."""


@dataclass(frozen=True, kw_only=True)
class Command(Generic[S]):
    """One command: what it reads from the environment, what it is asked, and how it is run.

    `run` returns the exit code.
    """

    name: str
    help_text: str
    settings: type[S]
    run: Callable[[S, argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], object] = _no_arguments


def run_command(
    service: str,
    commands: Sequence[Command[Any]],
    arguments: Sequence[str],
    *,
    bad_settings: Mapping[type[Exception], str] | None = None,
) -> int:
    """Run the command that was asked for; return its exit code, or exit with 2 before it is run.

    `bad_settings` names the setting that is to blame for an error: it is told in one line, as those are that
    `load_settings` finds.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {service}")
    choices = parser.add_subparsers(dest="command", required=True)
    for command in commands:
        command.add_arguments(choices.add_parser(command.name, help=command.help_text))
    options = parser.parse_args(arguments)
    asked = next(command for command in commands if command.name == options.command)
    bad_settings = bad_settings or {}
    try:
        return asked.run(load_settings(asked.settings), options)
    except tuple(bad_settings) as bad:
        blamed = next(setting for error, setting in bad_settings.items() if isinstance(bad, error))
        sys.stderr.write(f"{service.upper()}_{blamed}: {bad}\n")
        sys.exit(2)


@contextmanager
def telemetry_of(settings: LogSettings, name: str) -> Iterator[None]:
    """Log, trace and report errors under this name, and send what waits at the end."""
    telemetry = configure_telemetry(
        name,
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
    )
    try:
        yield
    finally:
        telemetry.shutdown()


def serve_command(
    process: str,
    serve: Callable[[L], Coroutine[Any, Any, None]],
    settings: type[L],
    *,
    help_text: str,
    name: str = "serve",
    check: Callable[[L], object] | None = None,
    drain_max_s: Callable[[L], float] = lambda _settings: DRAIN_MAX_S,
) -> Command[L]:
    """Return the command that runs `serve` until a signal, under the process's name in logs and traces.

    `check` raises what is wrong with the settings before anything is opened.
    """

    def run(read: L, _options: argparse.Namespace) -> int:
        if check is not None:
            check(read)
        with telemetry_of(read, process):
            return run_until_signalled(lambda: serve(read), drain_max_s=drain_max_s(read))

    return Command(name=name, help_text=help_text, settings=settings, run=run)


def once_command(
    name: str,
    act: Callable[[S, argparse.Namespace], Coroutine[Any, Any, int]],
    settings: type[S],
    *,
    help_text: str,
    add_arguments: Callable[[argparse.ArgumentParser], object] = _no_arguments,
) -> Command[S]:
    """Return a command that does one thing and ends with the exit code that `act` returns."""

    def run(read: S, options: argparse.Namespace) -> int:
        return asyncio.run(act(read, options))

    return Command(name=name, help_text=help_text, settings=settings, run=run, add_arguments=add_arguments)


def migrate_command(migrations: Path, settings: type[OwnerSettings]) -> Command[OwnerSettings]:
    """Return the command that migrates; its scripts read the role that gets the privileges as an
    environment variable, `LEDGER_SERVICE_ROLE`."""

    def run(read: OwnerSettings, _options: argparse.Namespace) -> int:
        # Imported here: Alembic is a quarter of the start-up time, and serving never needs it.
        from chassis.migrations import upgrade

        os.environ[f"{settings.model_config['env_prefix']}SERVICE_ROLE"] = read.service_role
        upgrade(migrations, read.migration_database_url.get_secret_value())
        return 0

    help_text = "bring the database to the newest schema, as its owner"
    return Command(name="migrate", help_text=help_text, settings=settings, run=run)


def outbox_command(table: Table, settings: type[D]) -> Command[D]:
    """Return the command for facts that can't be published."""

    async def act(read: D, options: argparse.Namespace) -> int:
        return await run_outbox(read.database_url.get_secret_value(), table, options)

    help_text = "facts that can't be published, or that a broker lost"
    return once_command("outbox", act, settings, help_text=help_text, add_arguments=add_outbox_arguments)


def dead_letters_command(
    opened: Callable[[S], AbstractAsyncContextManager[tuple[DeadLetters, Handler]]], settings: type[S]
) -> Command[S]:
    """Return the command for events that were given up; `opened` gives what keeps and what applies one."""

    async def act(read: S, options: argparse.Namespace) -> int:
        async with opened(read) as (letters, handler):
            return await run_dead_letters(options, letters, handler)

    help_text = "look at events that were given up, and apply them again"
    return once_command(
        "dead-letters", act, settings, help_text=help_text, add_arguments=add_dead_letters_arguments
    )
