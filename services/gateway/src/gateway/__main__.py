"""`python -m gateway serve | deliver-webhooks | migrate | dead-letters`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.command_line import dead_letters_command, migrate_command, run_command, serve_command

from gateway.bootstrap.deliverer import deliver_webhooks, replaying
from gateway.bootstrap.server import serve
from gateway.settings import DelivererSettings, GatewaySettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
COMMANDS = (
    serve_command("gateway", serve, GatewaySettings, help_text="answer HTTP until SIGTERM"),
    serve_command(
        "gateway-webhooks",
        deliver_webhooks,
        DelivererSettings,
        help_text="send webhooks until SIGTERM",
        name="deliver-webhooks",
    ),
    migrate_command(MIGRATIONS, MigrationSettings),
    dead_letters_command(replaying, DelivererSettings),
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("gateway", COMMANDS, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
