"""`python -m billing serve | migrate | publish-catalogue | refund | webhooks | promotions | ...`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.command_line import (
    dead_letters_command,
    migrate_command,
    once_command,
    outbox_command,
    run_command,
    serve_command,
)

from billing.adapters.inbound import promotions_command, refund_command, webhooks_command
from billing.adapters.outbound.postgres.tables import outbox
from billing.adapters.outbound.toml_catalogue import BadCatalogueError, load_catalogue
from billing.bootstrap.commands import (
    publish_catalogue,
    replaying,
    run_promotions_command,
    run_refund_command,
    run_webhooks_command,
)
from billing.bootstrap.parts import free_plan
from billing.bootstrap.server import serve
from billing.domain.catalogue import UnknownPlan
from billing.domain.errors import BillingError
from billing.settings import (
    BillingSettings,
    CatalogueSettings,
    CommandSettings,
    MigrationSettings,
    RefundSettings,
    ReplaySettings,
)

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
BAD_SETTINGS: dict[type[Exception], str] = {BadCatalogueError: "CATALOGUE_FILE", UnknownPlan: "FREE_PLAN"}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("billing", COMMANDS, arguments, bad_settings=BAD_SETTINGS)


async def _publish(settings: CatalogueSettings, _options: argparse.Namespace) -> int:
    try:
        done = await publish_catalogue(settings)
    except BillingError as failure:
        # What a buyer reads says less than an operator needs.
        why = failure.details.get("operators") or failure.__cause__ or failure
        sys.stderr.write(f"{failure.reason}: {why}\n")
        return 1
    for name, changes in done.items():
        sys.stdout.write(f"{name}: {', '.join(changes) or 'on sale already'}\n")
    return 0


COMMANDS = (
    serve_command(
        "billing",
        serve,
        BillingSettings,
        check=lambda settings: free_plan(settings, load_catalogue(settings.catalogue_file)),
        help_text="answer gRPC and process webhooks until SIGTERM",
    ),
    migrate_command(MIGRATIONS, MigrationSettings),
    once_command(
        "publish-catalogue", _publish, CatalogueSettings, help_text="make what is sold known to Stripe"
    ),
    once_command(
        "refund",
        run_refund_command,
        RefundSettings,
        help_text="send a purchase's money back, whole or in part",
        add_arguments=refund_command.add_arguments,
    ),
    once_command(
        "webhooks",
        run_webhooks_command,
        CommandSettings,
        help_text="look at webhooks, and replay them",
        add_arguments=webhooks_command.add_arguments,
    ),
    once_command(
        "promotions",
        run_promotions_command,
        CommandSettings,
        help_text="codes that people redeem for credits",
        add_arguments=promotions_command.add_arguments,
    ),
    outbox_command(outbox, CommandSettings),
    dead_letters_command(replaying, ReplaySettings),
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
