"""What operators see of generation."""

from chassis.postgres import SYSTEM_SCOPE, transaction
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from generation.adapters.outbound.postgres.tables import generations
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import ModelId
from generation.ports.meter import Verdict

ENDED = Counter("generation_ended_total", "Jobs that ended", ["model", "status"])
SECONDS = Histogram(
    "generation_settlement_seconds",
    "From a job's creation to the fact that settles it",
    ["modality"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 3600),
)
OPEN = Gauge("generation_open", "Jobs that have not ended", ["status"])
TROUBLE = Gauge(
    "generation_provider_account_trouble",
    "1 while our own account at a provider is refused or used up",
    ["provider"],
)
CIRCUIT = Gauge(
    "generation_provider_circuit_open",
    "1 while a provider fails to make a model, and only tries of it are sent there",
    ["provider", "model"],
)
COST = Counter(
    "generation_provider_cost_usd_micros_total",
    "What runs cost us, in millionths of a dollar, where their provider or the catalogue says so",
    ["provider", "model"],
)
CHARGED = Counter(
    "generation_charged_credits_total",
    "Credits that the ledger was asked to take for what was made",
    ["model"],
)
MODERATED = Counter(
    "generation_moderations_total", "Jobs about which it was asked whether they may be made", ["verdict"]
)
UNSIGNED = Counter("generation_unsigned_outputs_total", "Outputs that could not be signed")
OPEN_STATUSES = (Status.RESERVING, Status.QUEUED, Status.PROCESSING)


class PrometheusMeter:
    """Counts jobs as they end."""

    def ended(self, generation: Generation) -> None:
        ENDED.labels(generation.model_id, generation.status).inc()
        CHARGED.labels(generation.model_id).inc(generation.credits_charged)
        if generation.finished_at:
            took = generation.finished_at - generation.created_at
            SECONDS.labels(generation.modality).observe(took.total_seconds())

    def account_trouble(self, provider: str, *, troubled: bool) -> None:
        TROUBLE.labels(provider).set(troubled)

    def circuit(self, provider: str, model_id: ModelId, *, is_open: bool) -> None:
        CIRCUIT.labels(provider, model_id).set(is_open)

    def paid(self, provider: str, model_id: ModelId, *, usd_micros: int) -> None:
        COST.labels(provider, model_id).inc(usd_micros)

    def moderated(self, verdict: Verdict) -> None:
        MODERATED.labels(verdict).inc()

    def unsigned(self) -> None:
        UNSIGNED.inc()


async def count_open(engine: AsyncEngine) -> None:
    """Set the gauges of jobs that reserve, wait and run."""
    query = (
        select(generations.c.status, func.count())
        .where(generations.c.status.in_(OPEN_STATUSES))
        .group_by(generations.c.status)
    )
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        counted = {row.status: row[1] for row in await connection.execute(query)}
    for status in OPEN_STATUSES:
        OPEN.labels(status).set(counted.get(status, 0))
