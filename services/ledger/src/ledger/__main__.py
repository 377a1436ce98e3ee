"""`python -m ledger serve | migrate`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.migrations import upgrade
from chassis.process import run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from ledger.bootstrap import serve
from ledger.settings import LedgerSettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ledger")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer gRPC, apply events and publish facts until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    if parser.parse_args(arguments).command == "migrate":
        return _migrate()
    settings = load_settings(LedgerSettings)
    telemetry = configure_telemetry(
        "ledger",
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
    os.environ["LEDGER_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
