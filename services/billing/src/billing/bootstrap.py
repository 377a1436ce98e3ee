"""The composition root: everything is constructed here, and nowhere else."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import timedelta

from chassis.clock import SystemClock
from chassis.ids import UuidIds
from chassis.postgres import STORAGE_AWAY
from chassis.process import forever
from chassis.service import CallRules, database, service
from tintype.billing.v1 import billing_pb2_grpc as rpc

from billing.adapters.inbound import webhooks_command
from billing.adapters.inbound.grpc import ALLOWED, ERRORS, BillingServicer
from billing.adapters.inbound.webhook_gauges import WebhookGauges, count_processed
from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.adapters.outbound.postgres.webhook_reader import PostgresWebhookReader
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.application.create_checkout import CreateCheckoutHandler
from billing.application.drain_webhooks import DrainWebhooksHandler
from billing.application.follow_checkout import FollowCheckoutHandler
from billing.application.forget_webhook_bodies import ForgetWebhookBodiesHandler
from billing.application.list_packs import ListPacksHandler
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.list_purchases import ListPurchasesHandler
from billing.application.open_customer import Customers
from billing.application.open_page import PageOpener
from billing.application.process_webhook import ProcessWebhookHandler
from billing.application.publish_catalogue import PublishCatalogueHandler
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.application.reconcile_checkouts import BATCH_MAX, ReconcileCheckoutsHandler
from billing.application.reconcile_money_back import (
    DisputeList,
    ReconcileMoneyBackHandler,
    RefundList,
    ScanPlan,
)
from billing.application.record_dispute import RecordDisputeHandler
from billing.application.record_refund import RecordRefundHandler
from billing.application.replay_webhook import ReplayWebhookHandler
from billing.application.settle_checkout import SettleCheckoutHandler
from billing.domain.dispute import ProcessorDispute
from billing.domain.pack import CatalogueChange
from billing.domain.refund import ListedRefund
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork
from billing.settings import BillingSettings, CatalogueSettings, CommandSettings

GAUGES_EVERY_S, FORGET_EVERY_S = 15, 60


async def serve(settings: BillingSettings) -> None:
    """Run billing until cancelled."""
    async with service(settings, "billing", pool_size=settings.database_pool_size) as running:
        engine = running.engine
        clock, ids = SystemClock(), UuidIds()
        catalogue = load_catalogue(settings.catalogue_file)
        processor = settings.processor()
        units, reader = PostgresUnitsOfWork(engine, ids), PostgresBillingReader(engine)
        settle = SettleCheckoutHandler(units, processor, clock, ids)
        process = ProcessWebhookHandler(
            units,
            settle,
            RecordRefundHandler(units, processor, clock),
            RecordDisputeHandler(units, processor, clock),
            clock,
            ids,
            outages=STORAGE_AWAY,
        )
        drain = DrainWebhooksHandler(process, clock, observe=count_processed)
        forget = ForgetWebhookBodiesHandler(units, clock, after_days=settings.webhook_bodies_days)
        gauges = WebhookGauges(PostgresWebhookReader(engine), clock)
        follow = FollowCheckoutHandler(units, reader, settle, clock, ask_every_s=settings.ask_every_s)
        pages = PageOpener(units, processor, Customers(units, processor), clock)
        reconcile = ReconcileCheckoutsHandler(units, settle, clock)

        servicer = BillingServicer(
            create=CreateCheckoutHandler(
                units, pages, follow, catalogue, clock, ids, public_url=str(settings.public_url)
            ),
            follow=follow,
            packs=ListPacksHandler(catalogue),
            purchases=ListPurchasesHandler(reader),
            receive=ReceiveWebhookHandler(units, settings.verifier(), clock),
            reader=reader,
            processor_payments=ListProcessorPaymentsHandler(processor),
        )

        async def reconcile_due() -> None:
            while await reconcile() == BATCH_MAX:
                pass

        await running.run(
            running.grpc(
                rpc.add_BillingServiceServicer_to_server,
                servicer,
                CallRules(errors=ERRORS, allowed=ALLOWED, domain="tintype.billing"),
            ),
            running.relay(tables.outbox),
            *(
                forever(drain, every_s=settings.process_every_s, name="process webhooks")
                for _ in range(settings.process_workers)
            ),
            *(
                forever(scan, every_s=settings.reconcile_money_back_every_s, name="reconcile money back")
                for scan in _scans(settings, units, processor, clock)
            ),
            forever(gauges.measure, every_s=GAUGES_EVERY_S, name="measure webhooks"),
            forever(forget, every_s=FORGET_EVERY_S, name="forget bodies of webhooks"),
            forever(reconcile_due, every_s=settings.reconcile_every_s, name="reconcile checkouts"),
        )


async def run_webhooks_command(settings: CommandSettings, options: Namespace) -> int:
    """Run `webhooks list | show | replay`; return the exit code."""
    async with database(settings, pool_size=2) as engine:
        replay = ReplayWebhookHandler(PostgresUnitsOfWork(engine, UuidIds()), SystemClock())
        return await webhooks_command.run(options, PostgresWebhookReader(engine), replay)


async def publish_catalogue(settings: CatalogueSettings) -> Mapping[str, Sequence[CatalogueChange]]:
    """Publish the packs; return what was done for each."""
    catalogue = load_catalogue(settings.catalogue_file)
    return await PublishCatalogueHandler(catalogue, settings.processor())()


def _scans(
    settings: BillingSettings, units: UnitsOfWork, processor: PaymentProcessor, clock: Clock
) -> list[ReconcileMoneyBackHandler[ListedRefund] | ReconcileMoneyBackHandler[ProcessorDispute]]:
    """Both lists, each soon and deep: none waits for another."""
    plans = (
        ScanPlan(name="recent", looks_back=timedelta(hours=1)),
        ScanPlan(
            name="deep",
            looks_back=timedelta(days=settings.reconcile_deep_days),
            every=timedelta(seconds=settings.reconcile_deep_every_s),
            wakes=True,
        ),
    )
    refunds, disputes = RefundList(processor), DisputeList(processor)
    return [
        *(ReconcileMoneyBackHandler(units, refunds, clock, plan) for plan in plans),
        *(ReconcileMoneyBackHandler(units, disputes, clock, plan) for plan in plans),
    ]
