"""`python -m gateway serve | migrate`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.command_line import migrate_command, run_command, serve_command

from gateway.bootstrap.server import serve
from gateway.settings import GatewaySettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
COMMANDS = (
    serve_command("gateway", serve, GatewaySettings, help_text="answer HTTP until SIGTERM"),
    migrate_command(MIGRATIONS, MigrationSettings),
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("gateway", COMMANDS, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
