"""`python -m greeter serve | migrate`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.command_line import migrate_command, run_command, serve_command

from greeter.bootstrap import serve
from greeter.settings import GreeterSettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
COMMANDS = (
    serve_command("greeter", serve, GreeterSettings, help_text="answer gRPC and hear events until SIGTERM"),
    migrate_command(MIGRATIONS, MigrationSettings),
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("greeter", COMMANDS, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
