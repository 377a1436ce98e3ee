"""`python -m generation serve-api | serve-worker | migrate | outbox | dead-letters`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from chassis import dead_letters_command, outbox_command
from chassis.migrations import upgrade
from chassis.process import DRAIN_MAX_S, run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from generation.adapters.outbound.postgres.tables import outbox
from generation.adapters.outbound.providers import registry
from generation.adapters.outbound.toml_catalogue import BadModelsFile, TomlCatalogue
from generation.bootstrap.api import serve_api
from generation.bootstrap.worker import replaying, serve_worker
from generation.settings import ApiSettings, GenerationSettings, MigrationSettings, WorkerSettings

# For the message in hand before the drain, and the connections after it.
DRAIN_MARGIN_S = 15.0
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m generation")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve-api", help="answer gRPC until SIGTERM")
    commands.add_parser("serve-worker", help="run jobs and sweep until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    outbox_command.add_arguments(
        commands.add_parser("outbox", help="look at facts that can't be published, retry or drop them")
    )
    dead_letters_command.add_arguments(
        commands.add_parser("dead-letters", help="look at events that were given up, and apply them again")
    )
    options = parser.parse_args(arguments)
    match options.command:
        case "serve-api":
            api = load_settings(ApiSettings)
            return _serve(api, "generation-api", lambda: serve_api(api), drain_max_s=DRAIN_MAX_S)
        case "serve-worker":
            worker = load_settings(WorkerSettings)
            # Whoever else is started with these settings needs nobody's key.
            keys = registry.load(worker.providers)
            drain_max_s = worker.drain_s + DRAIN_MARGIN_S
            return _serve(
                worker, "generation-worker", lambda: serve_worker(worker, keys), drain_max_s=drain_max_s
            )
        case "outbox":
            url = load_settings(WorkerSettings).database_url.get_secret_value()
            return asyncio.run(outbox_command.run_on(url, outbox, options))
        case "dead-letters":
            return asyncio.run(_dead_letters(load_settings(WorkerSettings), options))
        case _:
            return _migrate()


def _serve(
    settings: GenerationSettings,
    name: str,
    serve: Callable[[], Coroutine[Any, Any, None]],
    *,
    drain_max_s: float,
) -> int:
    try:
        TomlCatalogue(settings.models_file, providers=settings.provider_names)
    except BadModelsFile as bad:
        sys.stderr.write(f"GENERATION_MODELS_FILE: {bad}\n")
        return 2
    telemetry = configure_telemetry(
        name,
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
    )
    try:
        return run_until_signalled(serve, drain_max_s=drain_max_s)
    finally:
        telemetry.shutdown()


async def _dead_letters(settings: WorkerSettings, options: argparse.Namespace) -> int:
    async with replaying(settings) as (letters, handler):
        return await dead_letters_command.run(options, letters, handler)


def _migrate() -> int:
    settings = load_settings(MigrationSettings)
    os.environ["GENERATION_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
