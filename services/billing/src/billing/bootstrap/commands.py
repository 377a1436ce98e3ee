"""What is run by hand."""

from argparse import Namespace
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters, Handler
from chassis.ids import UuidIds
from chassis.service import database

from billing.adapters.inbound import promotions_command, refund_command, webhooks_command
from billing.adapters.inbound.balances import BalanceFacts
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.adapters.outbound.postgres.webhook_reader import PostgresWebhookReader
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.application.add_promotion import AddPromotionHandler
from billing.application.end_promotion import EndPromotionHandler
from billing.application.hear_balance import HearBalanceHandler
from billing.application.list_promotions import ListPromotionsHandler
from billing.application.make_refund import RefundMaker
from billing.application.publish_catalogue import PublishCatalogueHandler
from billing.application.record_refund import RecordRefundHandler
from billing.application.refund_purchase import RefundPurchaseHandler
from billing.application.replay_webhook import ReplayWebhookHandler
from billing.bootstrap.parts import applying, dead_letters_of, heard_events
from billing.domain.pack import CatalogueChange
from billing.settings import CatalogueSettings, CommandSettings, RefundSettings, ReplaySettings


@asynccontextmanager
async def replaying(settings: ReplaySettings) -> AsyncIterator[tuple[DeadLetters, Handler]]:
    """Return what was given up, and what is done with it once more."""
    async with database(settings, pool_size=2) as engine:
        units = PostgresUnitsOfWork(engine, UuidIds())
        heard = heard_events(settings, load_catalogue(settings.catalogue_file), units)
        moved = BalanceFacts(HearBalanceHandler(units, PostgresBillingReader(engine), SystemClock()))
        yield dead_letters_of(engine), applying(heard, moved)


async def run_webhooks_command(settings: CommandSettings, options: Namespace) -> int:
    """Run `webhooks list | show | replay`; return the exit code."""
    async with database(settings, pool_size=2) as engine:
        replay = ReplayWebhookHandler(PostgresUnitsOfWork(engine, UuidIds()), SystemClock())
        return await webhooks_command.run(options, PostgresWebhookReader(engine), replay)


async def run_promotions_command(settings: CommandSettings, options: Namespace) -> int:
    """Run `promotions add | list | end`; return the exit code."""
    async with database(settings, pool_size=2) as engine:
        units, clock = PostgresUnitsOfWork(engine, UuidIds()), SystemClock()
        return await promotions_command.run(
            options,
            add=AddPromotionHandler(units, clock),
            end=EndPromotionHandler(units, clock),
            list_promotions=ListPromotionsHandler(units),
        )


async def run_refund_command(settings: RefundSettings, options: Namespace) -> int:
    """Run `refund`; return the exit code."""
    async with database(settings, pool_size=2) as engine:
        units, clock, processor = PostgresUnitsOfWork(engine, UuidIds()), SystemClock(), settings.processor()
        maker = RefundMaker(units, processor, RecordRefundHandler(units, processor, clock))
        refund = RefundPurchaseHandler(units, PostgresBillingReader(engine), maker, clock, UuidIds())
        return await refund_command.run(options, refund)


async def publish_catalogue(settings: CatalogueSettings) -> Mapping[str, Sequence[CatalogueChange]]:
    """Publish packs and plans; return what was done for each."""
    catalogue, processor = load_catalogue(settings.catalogue_file), settings.processor()
    sold = catalogue.offered(sells_plans=processor.sells_plans, free_plan=None)
    return await PublishCatalogueHandler(sold, processor)()
