"""`python -m gateway serve | migrate`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.migrations import upgrade
from chassis.process import run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from gateway.bootstrap.server import serve
from gateway.settings import GatewaySettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gateway")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer HTTP until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    if parser.parse_args(arguments).command == "migrate":
        return _migrate()
    settings = load_settings(GatewaySettings)
    telemetry = configure_telemetry(
        "gateway",
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
    )
    try:
        return run_until_signalled(lambda: serve(settings))
    finally:
        telemetry.shutdown()


def _migrate() -> int:
    settings = load_settings(MigrationSettings)
    os.environ["GATEWAY_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
