"""`python -m greeter serve | migrate`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.process import run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from greeter.bootstrap import serve
from greeter.settings import GreeterSettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m greeter")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer gRPC and hear events until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    if parser.parse_args(arguments).command == "migrate":
        return _migrate()
    settings = load_settings(GreeterSettings)
    telemetry = configure_telemetry(
        "greeter",
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
    )
    try:
        return run_until_signalled(lambda: serve(settings))
    finally:
        telemetry.shutdown()


def _migrate() -> int:
    # Imported here: serving never needs it.
    from chassis.migrations import upgrade

    settings = load_settings(MigrationSettings)
    os.environ["GREETER_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
