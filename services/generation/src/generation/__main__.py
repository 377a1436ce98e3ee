"""`python -m generation serve-api | serve-worker | migrate | outbox | dead-letters`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.command_line import (
    dead_letters_command,
    migrate_command,
    outbox_command,
    run_command,
    serve_command,
)

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
    return run_command("generation", COMMANDS, arguments, bad_settings={BadModelsFile: "MODELS_FILE"})


def _check(settings: GenerationSettings) -> None:
    TomlCatalogue(settings.models_file, providers=settings.provider_names)


def _check_worker(settings: WorkerSettings) -> None:
    # Whoever else is started with these settings needs nobody's key.
    registry.load(settings.providers)
    _check(settings)


async def _serve_worker(settings: WorkerSettings) -> None:
    await serve_worker(settings, registry.load(settings.providers))


COMMANDS = (
    serve_command(
        "generation-api",
        serve_api,
        ApiSettings,
        name="serve-api",
        check=_check,
        help_text="answer gRPC until SIGTERM",
    ),
    serve_command(
        "generation-worker",
        _serve_worker,
        WorkerSettings,
        name="serve-worker",
        check=_check_worker,
        drain_max_s=lambda settings: settings.drain_s + DRAIN_MARGIN_S,
        help_text="run jobs and sweep until SIGTERM",
    ),
    migrate_command(MIGRATIONS, MigrationSettings),
    outbox_command(outbox, WorkerSettings),
    dead_letters_command(replaying, WorkerSettings),
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
