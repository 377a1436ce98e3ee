"""Billing for tests: every use case over memory or over PostgreSQL, with a processor that a test plays."""

import json
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from billing.adapters.outbound.event_codec import to_message
from billing.adapters.outbound.memory.billing_reader import MemoryBillingReader
from billing.adapters.outbound.memory.processor import MemoryProcessor
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.adapters.outbound.memory.unit_of_work import MemoryUnitsOfWork
from billing.adapters.outbound.memory.webhook_verifier import MemoryWebhookVerifier
from billing.adapters.outbound.memory.webhooks import MemoryWebhookReader
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.application.add_promotion import AddPromotionHandler
from billing.application.begin_erasure import BeginErasureHandler
from billing.application.begin_top_up import TopUpStarter
from billing.application.buy_top_up import BuyTopUpHandler
from billing.application.cancel_subscription import CancelSubscriptionHandler
from billing.application.carry_on_departures import CarryOnDeparturesHandler
from billing.application.carry_on_erasures import CarryOnErasuresHandler
from billing.application.change_subscription import ChangeSubscriptionHandler
from billing.application.claim_referral import ClaimReferralHandler
from billing.application.create_checkout import CreateCheckout, CreateCheckoutHandler, Opened
from billing.application.current_offers import CurrentOffers
from billing.application.follow_checkout import FollowCheckoutHandler
from billing.application.free_plan import FreePlan
from billing.application.hear_balance import HearBalanceHandler
from billing.application.hear_departure import HearDepartureHandler
from billing.application.list_invoices import ListInvoicesHandler
from billing.application.list_packs import ListPacksHandler
from billing.application.list_plans import ListPlansHandler
from billing.application.list_purchases import ListPurchases, ListPurchasesHandler, PurchasePage
from billing.application.look_at_customer import LookAtCustomerHandler
from billing.application.make_refund import RefundMaker
from billing.application.open_customer import Customers
from billing.application.open_page import PageOpener
from billing.application.open_portal import OpenPortalHandler
from billing.application.process_webhook import ProcessWebhookHandler
from billing.application.read_auto_top_up import ReadAutoTopUpHandler
from billing.application.read_referral import ReadReferralHandler
from billing.application.read_subscription import ReadSubscriptionHandler
from billing.application.receive_webhook import Received, ReceiveWebhookHandler
from billing.application.reconcile_checkouts import ReconcileCheckoutsHandler
from billing.application.record_dispute import RecordDisputeHandler
from billing.application.record_refund import RecordRefundHandler
from billing.application.redeem_promotion import RedeemPromotionHandler
from billing.application.refresh_prices import RefreshPricesHandler
from billing.application.refund_purchase import RefundPurchaseHandler
from billing.application.renew_subscriptions import RenewSubscriptionsHandler
from billing.application.replay_webhook import ReplayWebhookHandler
from billing.application.resume_subscription import ResumeSubscriptionHandler
from billing.application.reward_referrals import RewardReferralsHandler
from billing.application.run_top_ups import RunTopUpsHandler
from billing.application.set_auto_top_up import SetAutoTopUpHandler
from billing.application.settle_checkout import SettleCheckoutHandler
from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.application.subscribers import Subscribers
from billing.application.tell_credits import CreditsTeller
from billing.application.tell_entitlements import TellEntitlementsHandler
from billing.domain.catalogue import Catalogue
from billing.domain.checkout import Purchase
from billing.domain.identifiers import PlanId
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.referral import ReferralTerms
from billing.domain.standing import BillingInterval
from billing.domain.webhook_event import StoredWebhook, WebhookState
from billing.ports.unit_of_work import BillingReader, UnitsOfWork
from billing.ports.webhooks import WebhookReader
from chassis.testing.clock import HandClock as HandClock
from chassis.testing.facts import ExactFacts
from chassis.testing.ids import CountingIds as CountingIds
from google.protobuf.message import Message
from tintype.billing.v1 import events_pb2 as pb

ORIGIN = "https://app.example"
TERMS = ReferralTerms(inviter_credits=300, invited_credits=200, hold=timedelta(days=7))
TOP_UP_RETRY = timedelta(hours=1)
SIGNED = {"signature": "signed"}


@cache
def shipped_catalogue() -> Catalogue:
    """What comes with the service, read once: whoever changes a copy leaves it as it is."""
    return load_catalogue(None)


@dataclass
class BillingUnderTest:
    """The use cases over one store."""

    units: UnitsOfWork
    reader: BillingReader
    webhooks: WebhookReader
    ids: CountingIds
    lease_ids: CountingIds = field(default_factory=CountingIds)
    clock: HandClock = field(default_factory=HandClock)
    processor: MemoryProcessor = field(default_factory=MemoryProcessor)
    # The messages that were committed to be published, oldest first.
    published: Callable[[], Awaitable[list[Message]]] | None = None

    def __post_init__(self) -> None:
        self.facts = ExactFacts(self.published or _none, in_words=brief)
        catalogue = self.catalogue = deepcopy(shipped_catalogue())
        if isinstance(self.processor, MemoryProcessor):
            self.processor.clock = self.clock
        free = next(plan for plan in catalogue.plans if not plan.prices)
        offered = catalogue.offered(sells_plans=self.processor.sells_plans, free_plan=free)
        self.offers = CurrentOffers(self.reader, offered)
        self.refresh_prices = RefreshPricesHandler(self.units, self.processor, offered, self.clock)
        self.packs = ListPacksHandler(self.offers)
        self.list_plans = ListPlansHandler(self.offers)
        self.read_subscription = ReadSubscriptionHandler(self.reader, catalogue, self.clock)
        self.add_promotion = AddPromotionHandler(self.units, self.clock)
        self.redeem = RedeemPromotionHandler(self.units, self.clock, self.ids)
        self.list_purchases = ListPurchasesHandler(self.reader)
        self.receive = ReceiveWebhookHandler(self.units, MemoryWebhookVerifier(), self.clock)
        self.settle_plan = SettleSubscriptionHandler(
            self.units,
            self.processor,
            catalogue,
            CreditsTeller(catalogue, self.ids),
            FreePlan(self.ids, free),
            self.clock,
            self.ids,
        )
        self.begin_erasure = BeginErasureHandler(self.units, self.clock)
        self.carry_on_erasures = CarryOnErasuresHandler(
            self.units, self.processor, self.settle_plan, FreePlan(self.ids, free), self.clock
        )
        self.hear_departure = HearDepartureHandler(self.units, self.clock)
        self.carry_on_departures = CarryOnDeparturesHandler(
            self.units, self.processor, self.settle_plan, self.clock, self.ids
        )
        self.subscribers = Subscribers(self.units, self.reader, self.settle_plan)
        customers = Customers(self.units, self.processor)
        read_plan = self.read_subscription
        self.change_plan = ChangeSubscriptionHandler(
            self.subscribers, self.processor, self.offers, self.refresh_prices, read_plan
        )
        self.cancel_plan = CancelSubscriptionHandler(self.subscribers, self.processor, read_plan)
        self.resume_plan = ResumeSubscriptionHandler(self.subscribers, self.processor, read_plan)
        self.open_portal = OpenPortalHandler(
            self.units, self.processor, customers, self.offers, public_url=ORIGIN
        )
        self.list_invoices = ListInvoicesHandler(self.units, self.processor)
        self.renew = RenewSubscriptionsHandler(self.units, catalogue, self.settle_plan, self.clock)
        self.tell_entitlements = TellEntitlementsHandler(self.units, catalogue, self.clock)
        self.settle = SettleCheckoutHandler(
            self.units, self.processor, self.settle_plan, self.clock, self.ids
        )
        self.follow = FollowCheckoutHandler(self.units, self.reader, self.settle, self.clock, ask_every_s=2)
        self.pages = PageOpener(self.units, self.processor, Customers(self.units, self.processor), self.clock)
        self.create = CreateCheckoutHandler(
            self.units,
            self.pages,
            self.follow,
            self.subscribers,
            self.offers,
            self.refresh_prices,
            self.clock,
            self.ids,
            public_url=ORIGIN,
        )
        self.refund = RecordRefundHandler(self.units, self.processor, self.clock)
        self.read_referral = ReadReferralHandler(self.units, TERMS, self.clock, self.ids)
        self.claim_referral = ClaimReferralHandler(self.units, TERMS, self.clock)
        self.reward = RewardReferralsHandler(self.units, TERMS, self.clock, self.ids)
        self.maker = RefundMaker(self.units, self.processor, self.refund)
        self.refund_purchase = RefundPurchaseHandler(
            self.units, self.reader, self.maker, self.clock, self.ids
        )
        self.hear = HearBalanceHandler(self.units, self.reader, self.clock)
        self.buy_top_up = BuyTopUpHandler(
            self.units,
            self.processor,
            self.pages,
            TopUpStarter(catalogue, self.ids),
            self.offers,
            self.clock,
            self.ids,
            public_url=ORIGIN,
            retry_after=TOP_UP_RETRY,
        )
        self.run_top_ups = RunTopUpsHandler(self.units, self.buy_top_up, self.clock)
        self.set_auto_top_up = SetAutoTopUpHandler(self.units, self.processor, self.offers, self.clock)
        self.read_auto_top_up = ReadAutoTopUpHandler(self.units, self.reader, self.processor, self.clock)
        self.dispute = RecordDisputeHandler(self.units, self.processor, self.clock)
        self.process = ProcessWebhookHandler(
            self.units,
            self.settle,
            self.refund,
            self.dispute,
            self.settle_plan,
            self.refresh_prices,
            LookAtCustomerHandler(self.units, self.processor, self.settle_plan, self.clock),
            self.processor,
            self.clock,
            self.lease_ids,
        )
        self.replay = ReplayWebhookHandler(self.units, self.clock)
        self.reconcile = ReconcileCheckoutsHandler(self.units, self.settle, self.clock)

    async def open(self, user_id: str = "usr_1", pack: str = "starter", key: str | None = None) -> Opened:
        """Open a checkout."""
        return await self.create(order(user_id, pack, key))

    async def told(self, page_id: str | None, *, event_id: str, kind: str = "paid") -> Received:
        """Deliver a signed webhook about a page."""
        return await self._deliver(event_id, kind, ["page", page_id] if page_id else None)

    async def told_about(self, event_id: str, **about: str) -> Received:
        """Deliver a signed webhook about a payment's refunds or a dispute."""
        ((named, object_id),) = about.items()
        return await self._deliver(event_id, "money.back", [named.removesuffix("_id"), object_id])

    async def _deliver(self, event_id: str, kind: str, about: list[str] | None) -> Received:
        body = json.dumps({"event_id": event_id, "kind": kind, "about": about}).encode()
        return await self.receive(SIGNED, body)

    async def bought(self, user_id: str = "usr_1", pack: str = "starter") -> Purchase:
        """Open a checkout, pay it and settle it."""
        opened = await self.open(user_id, pack)
        page_id = opened.checkout.page_id or ""
        self.processor.pay(page_id)
        await self.settle(page_id)
        bought = (await self.purchases(user_id))[0]
        if self.published is not None:
            await self.facts.expect(completed(bought))
        return bought

    async def money_back(self) -> list[Message]:
        """Return the facts about money that went back, oldest first; no purchase was told meanwhile."""
        said = await self.facts.unnamed()
        await self.facts.expect(*(words for words in said if words[0] != "PaymentCompleted"))
        assert self.published is not None
        return [fact for fact in await self.published() if not isinstance(fact, pb.PaymentCompleted)]

    async def told_facts(self) -> list[tuple[Any, ...]]:
        """Return every fact that was committed, oldest first: its name, and what it says in short."""
        await self.facts.pass_over()
        assert self.published is not None
        return [brief(message) for message in await self.published()]

    async def process_all(self) -> list[WebhookState]:
        """Process every webhook that is due."""
        states = []
        while (worked := await self.process()) is not None:
            states.append(worked.state)
        return states

    async def stored(self, event_id: str) -> StoredWebhook:
        """Return a stored webhook."""
        found = await self.webhooks.webhook(event_id)
        assert found is not None
        return found

    async def purchases(self, user_id: str = "usr_1") -> list[Purchase]:
        """Return a user's purchases."""
        return [one.purchase for one in await self.standings(user_id)]

    async def standings(self, user_id: str = "usr_1") -> list[PurchaseStanding]:
        """Return a user's purchases with what became of their money."""
        return (await self.page(user_id, limit=100)).purchases

    async def page(self, user_id: str = "usr_1", *, before: str | None = None, limit: int) -> PurchasePage:
        """Return a page of a user's purchases."""
        return await self.list_purchases(ListPurchases(user_id=user_id, before=before, limit=limit))


def billing_in_memory(processor: Any = None, *, store: MemoryBilling | None = None) -> BillingUnderTest:
    """The use cases over memory, with a processor that a test plays unless it brings another."""
    store = store or MemoryBilling()

    async def facts() -> list[Message]:
        return [to_message(fact) for fact in store.facts]

    return BillingUnderTest(
        units=MemoryUnitsOfWork(store),
        reader=MemoryBillingReader(store),
        webhooks=MemoryWebhookReader(store),
        ids=CountingIds(),
        processor=processor or MemoryProcessor(),
        published=facts,
    )


async def _none() -> list[Message]:
    return []


def completed(purchase: Purchase) -> tuple[Any, ...]:
    """The fact that a purchase was made, in short."""
    return "PaymentCompleted", purchase.payment_id, purchase.credits, purchase.amount_minor


def renewed(user_id: str, period_start: datetime, amount: int) -> tuple[Any, ...]:
    """The fact that a month of a plan began, in short."""
    return "SubscriptionRenewed", user_id, period_start.isoformat(), amount


def begun(user_id: str, period_start: datetime, amount: int, plan: str = "free") -> list[tuple[Any, ...]]:
    """The two facts that somebody's first plan began, in short."""
    return [renewed(user_id, period_start, amount), changed(user_id, 1, plan)]


def changed(user_id: str, revision: int, plan: str = "free", *entitlements: str) -> tuple[Any, ...]:
    """The fact that a plan began, changed or ended, in short."""
    return "SubscriptionChanged", user_id, revision, plan, *entitlements


def brief(message: Message) -> tuple[Any, ...]:
    """A fact as its name, its object, the credits and the money."""
    name = message.DESCRIPTOR.name
    match message:
        case pb.PaymentCompleted():
            return name, message.payment_id, message.credits, message.amount_minor
        case pb.PaymentRefunded():
            return name, message.payment_id, message.refunded_credits, message.refunded_minor
        case pb.RefundOrdered():
            return name, message.purchase_id, message.amount_minor, message.left_minor, message.reason
        case pb.PaymentDisputed():
            return name, message.dispute_id, message.disputed_credits, message.disputed_minor
        case pb.SubscriptionRenewed():
            start = message.period_start.ToDatetime(UTC)
            return name, message.account_id, start.isoformat(), message.credits
        case pb.SubscriptionChanged():
            return name, message.account_id, message.revision, message.plan_id, *message.entitlements
        case pb.AllocationRaised():
            start = message.starts_at.ToDatetime(UTC)
            return name, message.account_id, start.isoformat(), message.credits
        case pb.AutoTopUpStopped():
            return name, message.account_id, pb.AutoTopUpStopReason.Name(message.reason)
        case pb.PromotionRedeemed():
            return name, message.account_id, message.code, message.credits
    return (name,)


def raised(user_id: str, starts_at: datetime, amount: int) -> tuple[Any, ...]:
    """The fact that a month's allocation was raised, in short."""
    return "AllocationRaised", user_id, starts_at.isoformat(), amount


def plan_order(
    user_id: str = "usr_1", plan: str = "pro", interval: str = "month", key: str | None = None
) -> CreateCheckout:
    """The command that the gateway sends for a plan."""
    return replace(
        order(user_id, key=key),
        pack_id=None,
        plan_id=PlanId(plan),
        interval=BillingInterval(interval),
    )


def order(user_id: str = "usr_1", pack: str = "starter", key: str | None = None) -> CreateCheckout:
    """The command that the gateway sends."""
    return CreateCheckout(
        user_id=user_id,
        email="ada@example.com",
        pack_id=pack,
        idempotency_key=key,
        success_url=f"{ORIGIN}/billing?checkout=done",
        cancel_url=f"{ORIGIN}/billing",
    )
