"""What an operator does at a terminal."""

from argparse import Namespace

from chassis.ids import UuidIds
from chassis.service import database

from generation.adapters.inbound import margin_command, models_command
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.adapters.outbound.providers.readiness import readiness_of
from generation.adapters.outbound.toml_catalogue import every_model
from generation.application.read_margin import ReadMarginHandler
from generation.domain.model import Listed
from generation.settings import CatalogueSettings, WorkerSettings


async def run_margin_command(settings: WorkerSettings, options: Namespace) -> int:
    """Run `margin`; return the exit code."""
    async with database(settings, pool_size=1) as engine:
        return await margin_command.run(options, ReadMarginHandler(PostgresUnitsOfWork(engine, UuidIds())))


async def run_models_command(settings: CatalogueSettings, options: Namespace) -> int:
    """Run `models`; return the exit code."""
    listed = [
        Listed(model, {runs.name: readiness_of(runs.name, settings.providers) for runs in model.providers})
        for model in every_model(settings.models_file)
    ]
    return models_command.run(options, listed)
