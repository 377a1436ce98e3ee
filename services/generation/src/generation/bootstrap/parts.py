"""What API and worker share."""

from collections.abc import Awaitable
from dataclasses import dataclass

from chassis.clock import SystemClock
from chassis.ids import UuidIds
from chassis.service import Running
from ledgerclient.coalescing import CoalescingLedger
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from generation.adapters.outbound.grpc_ledger import GrpcLedger
from generation.adapters.outbound.jose_read_grants import JoseReadGrants
from generation.adapters.outbound.postgres.tables import outbox
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.adapters.outbound.prometheus import PrometheusMeter
from generation.adapters.outbound.s3 import S3MediaStore
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.reserve_credits import CreditReserver
from generation.settings import GenerationSettings


@dataclass(frozen=True)
class Parts:
    """The adapters that API and worker share."""

    engine: AsyncEngine
    jetstream: JetStreamContext
    units: PostgresUnitsOfWork
    catalogue: TomlCatalogue
    store: S3MediaStore
    grants: JoseReadGrants
    credits: CreditReserver
    ledger: CoalescingLedger
    ids: UuidIds
    clock: SystemClock
    meter: PrometheusMeter


def parts_of(settings: GenerationSettings, running: Running) -> Parts:
    """Make the adapters on a running service's database and broker; with it they are closed."""
    ids, clock = UuidIds(), SystemClock()
    catalogue = TomlCatalogue(settings.models_file, providers=settings.provider_names)
    # The client itself sends again what is still waited for, and nothing else.
    ledger = CoalescingLedger(running.channel(settings.ledger_target, settings.caller_token, retried=()))
    units = PostgresUnitsOfWork(running.engine, ids)
    return Parts(
        engine=running.engine,
        jetstream=running.jetstream,
        units=units,
        catalogue=catalogue,
        store=_store(settings),
        grants=JoseReadGrants(settings.s3_secret_key.get_secret_value()),
        credits=CreditReserver(
            units,
            GrpcLedger(ledger),
            clock,
            deadline_s_max=max((model.deadline_s for model in catalogue.models()), default=0),
            queue_timeout_s=settings.queue_timeout_s,
        ),
        ledger=ledger,
        ids=ids,
        clock=clock,
        meter=PrometheusMeter(),
    )


def shared_loops(running: Running, parts: Parts) -> list[Awaitable[None]]:
    """Return what runs beside both API and worker."""
    return [parts.ledger.run(), running.relay(outbox)]


def _store(settings: GenerationSettings) -> S3MediaStore:
    return S3MediaStore(
        url=str(settings.s3_url),
        public_url=str(settings.s3_public_url or settings.s3_url),
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        bucket=settings.s3_bucket,
    )
