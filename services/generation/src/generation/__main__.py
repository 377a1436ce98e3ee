"""`python -m generation serve-api | serve-worker | serve-interactive | migrate | margin | models | ...`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from chassis.command_line import (
    dead_letters_command,
    migrate_command,
    once_command,
    outbox_command,
    run_command,
    serve_command,
)

from generation.adapters.inbound import margin_command, models_command
from generation.adapters.outbound.c2pa_signer import BadSigningKey
from generation.adapters.outbound.postgres.tables import outbox
from generation.adapters.outbound.providers import registry
from generation.adapters.outbound.toml_catalogue import BadModelsFile, TomlCatalogue
from generation.adapters.outbound.word_list import BadWordList
from generation.bootstrap.api import serve_api
from generation.bootstrap.commands import run_margin_command, run_models_command
from generation.bootstrap.content_signer import signing_key_of
from generation.bootstrap.interactive import serve_interactive
from generation.bootstrap.moderation import word_list_of
from generation.bootstrap.worker import replaying, serve_worker
from generation.settings import (
    ApiSettings,
    CatalogueSettings,
    GenerationSettings,
    InteractiveSettings,
    MigrationSettings,
    WorkerSettings,
)

# For the message in hand before the drain, and the connections after it.
DRAIN_MARGIN_S = 15.0
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

BAD_SETTINGS: Mapping[type[Exception], str] = {
    BadModelsFile: "MODELS_FILE",
    BadWordList: "MODERATION_WORDS_FILE",
    BadSigningKey: "C2PA_KEY_FILE",
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("generation", COMMANDS, arguments, bad_settings=BAD_SETTINGS)


def _check(settings: GenerationSettings) -> None:
    TomlCatalogue(settings.models_file, providers=settings.provider_names)


def _check_api(settings: ApiSettings) -> None:
    registry.load_webhooks(settings.providers)
    _check(settings)


def _check_worker(settings: WorkerSettings) -> None:
    # Whoever else is started with these settings needs nobody's key.
    registry.load(settings.providers)
    word_list_of(settings)
    signing_key_of(settings)
    _check(settings)


async def _serve_api(settings: ApiSettings) -> None:
    await serve_api(settings, registry.load_webhooks(settings.providers))


async def _serve_worker(settings: WorkerSettings) -> None:
    await serve_worker(settings, registry.load(settings.providers))


async def _serve_interactive(settings: InteractiveSettings) -> None:
    await serve_interactive(settings, registry.load(settings.providers))


COMMANDS = (
    serve_command(
        "generation-api",
        _serve_api,
        ApiSettings,
        name="serve-api",
        check=_check_api,
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
    serve_command(
        "generation-interactive",
        _serve_interactive,
        InteractiveSettings,
        name="serve-interactive",
        check=_check_worker,
        drain_max_s=lambda settings: settings.drain_s + DRAIN_MARGIN_S,
        help_text="run chats in the call itself until SIGTERM",
    ),
    migrate_command(MIGRATIONS, MigrationSettings),
    outbox_command(outbox, WorkerSettings),
    dead_letters_command(replaying, WorkerSettings),
    once_command(
        "margin",
        run_margin_command,
        WorkerSettings,
        help_text="what users were charged, and what providers cost",
        add_arguments=margin_command.add_arguments,
    ),
    once_command(
        "models",
        run_models_command,
        CatalogueSettings,
        help_text="every model of the catalogue, on offer or not, and why",
        add_arguments=models_command.add_arguments,
    ),
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
