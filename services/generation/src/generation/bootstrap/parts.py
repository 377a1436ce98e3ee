"""What API and worker share."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from chassis import nats
from chassis.clock import SystemClock
from chassis.grpc_client import channel
from chassis.health import Check
from chassis.ids import UuidIds
from chassis.postgres import create_engine, ping
from chassis.process import forever
from chassis.publisher import Publisher
from chassis.relay import Relay
from ledgerclient.coalescing import CoalescingLedger
from sqlalchemy.ext.asyncio import AsyncEngine

from generation.adapters.outbound.grpc_ledger import GrpcLedger
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
    broker: nats.Connection
    units: PostgresUnitsOfWork
    catalogue: TomlCatalogue
    store: S3MediaStore
    credits: CreditReserver
    ledger: CoalescingLedger
    relay: Relay
    ids: UuidIds
    clock: SystemClock
    meter: PrometheusMeter


@asynccontextmanager
async def parts_of(settings: GenerationSettings) -> AsyncIterator[Parts]:
    """Connects to everything, and closes it in reverse."""
    async with AsyncExitStack() as stack:
        ids, clock = UuidIds(), SystemClock()
        catalogue = TomlCatalogue(settings.models_file, providers=settings.provider_names)
        engine = create_engine(settings.database_url.get_secret_value())
        stack.push_async_callback(engine.dispose)
        broker = await nats.connect(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name="generation",
        )
        stack.push_async_callback(broker.close)
        await nats.ensure_stream(broker.jetstream(), "generation", replicas=settings.nats_replicas)
        # The client itself sends again what is still waited for, and nothing else.
        to_ledger = channel(
            settings.ledger_target, token=settings.caller_token.get_secret_value(), retried=()
        )
        stack.push_async_callback(to_ledger.close)
        ledger = CoalescingLedger(to_ledger)
        units = PostgresUnitsOfWork(engine, ids)
        yield Parts(
            engine=engine,
            broker=broker,
            units=units,
            catalogue=catalogue,
            store=_store(settings),
            credits=CreditReserver(
                units,
                GrpcLedger(ledger),
                clock,
                deadline_s_max=max((model.deadline_s for model in catalogue.models()), default=0),
                queue_timeout_s=settings.queue_timeout_s,
            ),
            ledger=ledger,
            relay=Relay(engine, outbox, Publisher(broker.jetstream())),
            ids=ids,
            clock=clock,
            meter=PrometheusMeter(),
        )


def shared_loops(settings: GenerationSettings, parts: Parts) -> list[Awaitable[None]]:
    """What runs beside both API and worker."""
    ensure_stream = partial(
        nats.ensure_stream, parts.broker.jetstream(), "generation", replicas=settings.nats_replicas
    )
    return [
        parts.broker.run(),
        forever(ensure_stream, every_s=nats.ENSURE_EVERY_S, name="ensure stream"),
        parts.ledger.run(),
        parts.relay.run(),
    ]


def checks(parts: Parts) -> dict[str, Check]:
    """What both need to be ready."""
    return {"database": lambda: ping(parts.engine), "broker": parts.broker.answers}


def _store(settings: GenerationSettings) -> S3MediaStore:
    return S3MediaStore(
        url=str(settings.s3_url),
        public_url=str(settings.s3_public_url or settings.s3_url),
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        bucket=settings.s3_bucket,
    )
