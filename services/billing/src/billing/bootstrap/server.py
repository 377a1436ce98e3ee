"""The service: calls, facts, and what is done every few seconds."""

from datetime import timedelta

import grpc
from chassis.clock import SystemClock
from chassis.ids import UuidIds
from chassis.postgres import STORAGE_AWAY
from chassis.process import forever
from chassis.service import CallRules, service
from chassis.sweeps import Sweep, Sweeps
from deadletters.servicer import DeadLetterServicer, with_dead_letters
from deadletters.servicer import register as register_dead_letters
from tintype.billing.v1 import billing_pb2_grpc as rpc

from billing.adapters.inbound import balances, events
from billing.adapters.inbound.balances import BalanceFacts
from billing.adapters.inbound.grpc import ALLOWED, ERRORS, BillingServicer
from billing.adapters.inbound.price_gauge import PriceGauge
from billing.adapters.inbound.webhook_gauges import WebhookGauges, count_found, count_processed
from billing.adapters.inbound.webhook_workers import WebhookWorkers
from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.due_work import PostgresDueWork, Queue
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.adapters.outbound.postgres.webhook_reader import PostgresWebhookReader
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.application.begin_top_up import TopUpStarter
from billing.application.buy_top_up import BuyTopUpHandler
from billing.application.cancel_subscription import CancelSubscriptionHandler
from billing.application.carry_on_departures import BATCH_MAX as DEPARTURES_MAX
from billing.application.carry_on_departures import CarryOnDeparturesHandler
from billing.application.carry_on_erasures import CarryOnErasuresHandler
from billing.application.carry_on_refunds import CarryOnRefundsHandler
from billing.application.change_subscription import ChangeSubscriptionHandler
from billing.application.claim_referral import ClaimReferralHandler
from billing.application.create_checkout import CreateCheckoutHandler
from billing.application.current_offers import CurrentOffers
from billing.application.drain_webhooks import DrainWebhooksHandler
from billing.application.follow_checkout import FollowCheckoutHandler
from billing.application.forget_webhook_bodies import ForgetWebhookBodiesHandler
from billing.application.free_plan import FreePlan
from billing.application.hear_balance import HearBalanceHandler
from billing.application.list_invoices import ListInvoicesHandler
from billing.application.list_packs import ListPacksHandler
from billing.application.list_plans import ListPlansHandler
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.list_purchases import ListPurchasesHandler
from billing.application.look_at_customer import LookAtCustomerHandler
from billing.application.make_refund import RefundMaker
from billing.application.open_customer import Customers
from billing.application.open_page import PageOpener
from billing.application.open_portal import OpenPortalHandler
from billing.application.process_webhook import ProcessWebhookHandler
from billing.application.read_auto_top_up import ReadAutoTopUpHandler
from billing.application.read_referral import ReadReferralHandler
from billing.application.read_subscription import ReadSubscriptionHandler
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.application.reconcile_checkouts import BATCH_MAX, ReconcileCheckoutsHandler
from billing.application.record_dispute import RecordDisputeHandler
from billing.application.record_refund import RecordRefundHandler
from billing.application.redeem_promotion import RedeemPromotionHandler
from billing.application.refresh_prices import RefreshPricesHandler
from billing.application.refund_purchase import RefundPurchaseHandler
from billing.application.renew_subscriptions import BATCH_MAX as RENEWALS_MAX
from billing.application.renew_subscriptions import RenewSubscriptionsHandler
from billing.application.resume_subscription import ResumeSubscriptionHandler
from billing.application.reward_referrals import RewardReferralsHandler
from billing.application.run_top_ups import BATCH_MAX as TOP_UPS_MAX
from billing.application.run_top_ups import RunTopUpsHandler
from billing.application.set_auto_top_up import SetAutoTopUpHandler
from billing.application.settle_checkout import SettleCheckoutHandler
from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.application.subscribers import Subscribers
from billing.application.tell_credits import CreditsTeller
from billing.application.tell_entitlements import TellEntitlementsHandler
from billing.bootstrap.parts import applying, dead_letters_of, free_plan, heard_events
from billing.bootstrap.scans import scans
from billing.domain.referral import ReferralTerms
from billing.settings import BillingSettings

GAUGES_EVERY_S, FORGET_EVERY_S, ERASE_EVERY_S, DEPART_EVERY_S = 15, 60, 10, 2
# Who waits for a slow webhook waits for no longer than this until another worker comes.
HELP_EVERY_S = 0.25
# The catalogue is what it was at the start: this often is for replicas that start with another one beside us.
TELL_ENTITLEMENTS_EVERY_S = 600
# Every generation moves a balance. Those that come within a moment are one look at the database, and few of
# them are more than that; what is due of them is bought within `top_up_every_s`.
BALANCES_AT_ONCE, BALANCES_GATHER_S = 64, 0.1


async def serve(settings: BillingSettings) -> None:
    """Run billing until cancelled."""
    async with service(settings, "billing", pool_size=settings.database_pool_size) as running:
        engine = running.engine
        clock, ids = SystemClock(), UuidIds()
        catalogue = load_catalogue(settings.catalogue_file)
        processor = settings.processor()
        plan = free_plan(settings, catalogue)
        offered = catalogue.offered(sells_plans=processor.sells_plans, free_plan=plan)
        units, reader = PostgresUnitsOfWork(engine, ids), PostgresBillingReader(engine)
        offers = CurrentOffers(reader, offered)
        refresh_prices = RefreshPricesHandler(units, processor, offered, clock)
        record_refund = RecordRefundHandler(units, processor, clock)
        maker = RefundMaker(units, processor, record_refund)
        carry_on = CarryOnRefundsHandler(units, maker, clock)
        settle_plan = SettleSubscriptionHandler(
            units, processor, catalogue, CreditsTeller(catalogue, ids), FreePlan(ids, plan), clock, ids
        )
        erase = CarryOnErasuresHandler(units, processor, settle_plan, FreePlan(ids, plan), clock)
        depart = CarryOnDeparturesHandler(units, processor, settle_plan, clock, ids)
        subscribers = Subscribers(units, reader, settle_plan)
        read_plan = ReadSubscriptionHandler(reader, catalogue, clock)
        customers = Customers(units, processor)
        settle = SettleCheckoutHandler(units, processor, settle_plan, clock, ids)
        process = ProcessWebhookHandler(
            units,
            settle,
            record_refund,
            RecordDisputeHandler(units, processor, clock),
            settle_plan,
            refresh_prices,
            LookAtCustomerHandler(units, processor, settle_plan, clock),
            processor,
            clock,
            ids,
            outages=STORAGE_AWAY,
        )
        drain = DrainWebhooksHandler(process, clock, observe=count_processed)
        forget = ForgetWebhookBodiesHandler(units, clock, after_days=settings.webhook_bodies_days)
        gauges = WebhookGauges(PostgresWebhookReader(engine), clock)
        price_gauge = PriceGauge(reader, offered.price_names, clock)
        follow = FollowCheckoutHandler(units, reader, settle, clock, ask_every_s=settings.ask_every_s)
        pages = PageOpener(units, processor, customers, clock)
        reconcile = ReconcileCheckoutsHandler(units, settle, clock, count_found)
        renew = RenewSubscriptionsHandler(units, catalogue, settle_plan, clock)
        tell_entitlements = TellEntitlementsHandler(units, catalogue, clock)
        heard = heard_events(settings, catalogue, units)
        terms = ReferralTerms(
            inviter_credits=settings.referral_inviter_credits,
            invited_credits=settings.referral_invited_credits,
            hold=timedelta(days=settings.referral_hold_days),
        )
        reward = RewardReferralsHandler(units, terms, clock, ids)
        moved = BalanceFacts(
            HearBalanceHandler(units, PostgresBillingReader(engine, gather_s=BALANCES_GATHER_S), clock)
        )
        buy = BuyTopUpHandler(
            units,
            processor,
            pages,
            TopUpStarter(catalogue, ids),
            offers,
            clock,
            ids,
            public_url=str(settings.public_url),
            retry_after=timedelta(seconds=settings.top_up_retry_s),
        )
        top_up = RunTopUpsHandler(units, buy, clock)

        servicer = BillingServicer(
            create=CreateCheckoutHandler(
                units,
                pages,
                follow,
                subscribers,
                offers,
                refresh_prices,
                clock,
                ids,
                public_url=str(settings.public_url),
            ),
            follow=follow,
            packs=ListPacksHandler(offers),
            plans=ListPlansHandler(offers),
            read_subscription=read_plan,
            change_subscription=ChangeSubscriptionHandler(
                subscribers, processor, offers, refresh_prices, read_plan
            ),
            cancel_subscription=CancelSubscriptionHandler(subscribers, processor, read_plan),
            resume_subscription=ResumeSubscriptionHandler(subscribers, processor, read_plan),
            open_portal=OpenPortalHandler(
                units, processor, customers, offers, public_url=str(settings.public_url)
            ),
            invoices=ListInvoicesHandler(units, processor),
            purchases=ListPurchasesHandler(reader),
            redeem=RedeemPromotionHandler(units, clock, ids),
            read_referral=ReadReferralHandler(units, terms, clock, ids),
            claim_referral=ClaimReferralHandler(units, terms, clock),
            refund=RefundPurchaseHandler(units, reader, maker, clock, ids),
            read_auto_top_up=ReadAutoTopUpHandler(units, reader, processor, clock),
            set_auto_top_up=SetAutoTopUpHandler(units, processor, offers, clock),
            receive=ReceiveWebhookHandler(
                units, settings.verifier(), clock, stored=lambda: sweeps.wake(Queue.WEBHOOKS)
            ),
            reader=reader,
            processor_payments=ListProcessorPaymentsHandler(processor),
        )

        async def reconcile_due() -> None:
            while await reconcile() == BATCH_MAX:
                pass

        async def renew_due() -> None:
            while await renew() == RENEWALS_MAX:
                pass

        async def depart_due() -> None:
            while await depart() == DEPARTURES_MAX:
                pass

        async def top_up_due() -> None:
            while await top_up() == TOP_UPS_MAX:
                pass

        workers = WebhookWorkers(drain, workers=settings.process_workers, every_s=HELP_EVERY_S)
        sweeps = Sweeps(
            PostgresDueWork(engine, clock, terms.hold).look,
            {
                Queue.WEBHOOKS: Sweep(step=workers.look, every_s=settings.process_every_s),
                Queue.CHECKOUTS: Sweep(step=reconcile_due, every_s=settings.reconcile_every_s),
                Queue.TOP_UPS: Sweep(step=top_up_due, every_s=settings.top_up_every_s),
                Queue.RENEWALS: Sweep(step=renew_due, every_s=settings.renew_every_s),
                Queue.DEPARTURES: Sweep(step=depart_due, every_s=DEPART_EVERY_S),
                Queue.ERASURES: Sweep(step=erase, every_s=ERASE_EVERY_S),
                Queue.REFUNDS: Sweep(step=carry_on, every_s=settings.carry_on_every_s),
                Queue.REWARDS: Sweep(step=reward, every_s=settings.referral_every_s),
            },
        )
        await running.run(
            running.grpc(
                _register,
                (servicer, DeadLetterServicer(dead_letters_of(engine), applying(heard, moved))),
                with_dead_letters(CallRules(errors=ERRORS, allowed=ALLOWED, domain="tintype.billing")),
            ),
            running.relay(tables.outbox),
            running.consumer(events.STREAM, events.SUBJECTS, heard.handle).run(),
            running.consumer(
                balances.STREAM, balances.SUBJECTS, moved.handle, max_in_flight=BALANCES_AT_ONCE
            ).run(),
            sweeps.run(),
            workers.run(),
            *(
                forever(scan, every_s=every_s, name="reconcile lists")
                for scan, every_s in scans(settings, units, processor, clock)
            ),
            forever(refresh_prices, every_s=settings.refresh_prices_every_s, name="refresh prices"),
            forever(tell_entitlements, every_s=TELL_ENTITLEMENTS_EVERY_S, name="tell entitlements"),
            forever(price_gauge.measure, every_s=GAUGES_EVERY_S, name="measure the age of prices"),
            forever(gauges.measure, every_s=GAUGES_EVERY_S, name="measure webhooks"),
            forever(forget, every_s=FORGET_EVERY_S, name="forget bodies of webhooks"),
        )


def _register(servicers: tuple[BillingServicer, DeadLetterServicer], server: grpc.aio.Server) -> None:
    rpc.add_BillingServiceServicer_to_server(servicers[0], server)
    register_dead_letters(servicers[1], server)
