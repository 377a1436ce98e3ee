"""`python -m billing serve | migrate | publish-catalogue | webhooks | outbox`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis import outbox_command
from chassis.process import run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from billing.adapters.inbound import webhooks_command
from billing.adapters.outbound.postgres.tables import outbox
from billing.adapters.outbound.toml_catalogue import BadCatalogueError, load_catalogue
from billing.bootstrap import publish_catalogue, run_webhooks_command, serve
from billing.domain.errors import BillingError
from billing.settings import BillingSettings, DatabaseSettings, MigrationSettings, StripeSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m billing")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer gRPC and process webhooks until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    commands.add_parser("publish-catalogue", help="make packs and prices known to Stripe")
    webhooks_command.add_arguments(commands.add_parser("webhooks", help="look at webhooks, and replay them"))
    outbox_command.add_arguments(
        commands.add_parser("outbox", help="look at facts that can't be published, retry or drop them")
    )
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "serve":
                return _serve()
            case "publish-catalogue":
                return _publish()
            case "webhooks":
                settings = load_settings(DatabaseSettings)
                return asyncio.run(run_webhooks_command(options, settings))
            case "outbox":
                url = load_settings(DatabaseSettings).database_url.get_secret_value()
                return asyncio.run(outbox_command.run_on(url, outbox, options))
            case _:
                return _migrate()
    except BadCatalogueError as bad:
        sys.stderr.write(f"BILLING_CATALOGUE_FILE: {bad}\n")
        return 2


def _serve() -> int:
    settings = load_settings(BillingSettings)
    load_catalogue(settings.catalogue_file)
    telemetry = configure_telemetry(
        "billing",
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
    )
    try:
        return run_until_signalled(lambda: serve(settings))
    finally:
        telemetry.shutdown()


def _publish() -> int:
    settings = load_settings(StripeSettings)
    try:
        done = asyncio.run(publish_catalogue(settings))
    except BillingError as failure:
        # What a buyer reads says less than an operator needs.
        why = failure.details.get("operators") or failure.__cause__ or failure
        sys.stderr.write(f"{failure.reason}: {why}\n")
        return 1
    for pack_id, changes in done.items():
        sys.stdout.write(f"{pack_id}: {', '.join(changes) or 'on sale already'}\n")
    return 0


def _migrate() -> int:
    # Alembic is for this command alone: the service starts faster without it.
    from chassis.migrations import upgrade

    settings = load_settings(MigrationSettings)
    os.environ["BILLING_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
