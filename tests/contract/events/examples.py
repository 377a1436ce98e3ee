"""One example of every fact that crosses a boundary, as its own producer encodes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billing.adapters.outbound import event_codec as billing
from billing.domain import events as billed
from billing.domain.auto_top_up import AutoTopUp, AutoTopUpStatus, StopReason
from billing.domain.checkout import Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.month import Month
from billing.domain.promotion import Redemption
from billing.domain.refund_order import RefundOrder
from billing.domain.standing import BillingInterval, Standing, SubscriptionStatus
from billing.domain.subscription import Subscription
from chassis.dead_letters import Replay, Replayer
from chassis.events import IncomingEvent, OutgoingEvent
from deadletters import facts as replays
from generation.adapters.outbound import event_codec as generation
from generation.domain import events as generated
from generation.domain.generation import Failure
from generation.domain.identifiers import AccountId, GenerationId
from identity.adapters.outbound import event_codec as identity
from identity.domain.events import (
    ApiKeyRevoked,
    EmailVerified,
    ErasureRequested,
    ErasureTakenBack,
    SessionsEnded,
    UserDeleted,
    UserRegistered,
)
from identity.domain.identifiers import ApiKeyId, EventId, SessionId, UserId
from identity.domain.session import EndReason
from identity.domain.user import EmailAddress
from identity.domain.welcome import Welcome
from ledger.adapters.outbound import event_codec as ledger
from ledger.domain import facts
from ledger.domain.balance import Balance
from ledger.domain.lot import Category
from tintype.billing.v1 import events_pb2 as billing_pb
from tintype.generation.v1 import events_pb2 as generation_pb
from tintype.ledger.v1 import events_pb2 as ledger_pb

NOW = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
ALICE, JOB, HELD, EVENT = "usr_alice", "gen_1", "res_1", "evt_1"
BALANCE = Balance(
    account_id=ALICE,
    available=70,
    held=30,
    by_category={Category.PROMOTIONAL: 60, Category.PAID: 10},
    sequence=7,
)
_LEDGER = {"account_id": ALICE, "balance": BALANCE, "occurred_at": NOW}
_JOB = {"account_id": AccountId(ALICE), "generation_id": GenerationId(JOB), "occurred_at": NOW}


_REPLAYED = (billing_pb.DeadLetterReplayed, generation_pb.DeadLetterReplayed, ledger_pb.DeadLetterReplayed)
_REPLAY = Replay(
    event=IncomingEvent(
        subject=f"tintype.identity.v1.user_deleted.{ALICE}", event_id="evt_0", time=NOW, payload=b""
    ),
    by=Replayer(name="usr_admin", session_id="ses_1", client_address="203.0.113.7", reason="sent twice"),
    applied=True,
)


def examples() -> dict[str, OutgoingEvent]:
    """Every fact by its full name, encoded by the producer's real codec."""
    encoded = [
        identity.encode(
            UserRegistered(
                event_id=EventId(EVENT),
                user_id=UserId(ALICE),
                email=EmailAddress("alice@example.com"),
                full_name="Alice",
                welcome=Welcome.GIVEN,
                occurred_at=NOW,
            )
        ),
        identity.encode(
            EmailVerified(event_id=EventId(EVENT), user_id=UserId(ALICE), is_welcomed=True, occurred_at=NOW)
        ),
        identity.encode(
            SessionsEnded(
                event_id=EventId(EVENT),
                user_id=UserId(ALICE),
                session_id=SessionId("ses_1"),
                reason=EndReason.LOGGED_OUT,
                occurred_at=NOW,
            )
        ),
        identity.encode(
            ApiKeyRevoked(
                event_id=EventId(EVENT),
                user_id=UserId(ALICE),
                key_id=ApiKeyId("key_1"),
                occurred_at=NOW,
            )
        ),
        identity.encode(
            ErasureRequested(
                event_id=EventId(EVENT),
                user_id=UserId(ALICE),
                erased_from=NOW + timedelta(days=14),
                revision=1,
                occurred_at=NOW,
            )
        ),
        identity.encode(
            ErasureTakenBack(event_id=EventId(EVENT), user_id=UserId(ALICE), revision=2, occurred_at=NOW)
        ),
        identity.encode(UserDeleted(event_id=EventId(EVENT), user_id=UserId(ALICE), occurred_at=NOW)),
        *(billing.encode(fact, event_id=EVENT) for fact in _billing_facts()),
        *(ledger.encode(fact, event_id=EVENT) for fact in _ledger_facts()),
        *(generation.encode(fact, event_id=EVENT) for fact in _generation_facts()),
        *(replays.encode(told, _REPLAY, event_id=EVENT, occurred_at=NOW) for told in _REPLAYED),
    ]
    return {one.ce_type: one for one in encoded}


def _billing_facts() -> list[billed.Fact]:
    purchase = Purchase(
        purchase_id="pay_1",
        user_id=ALICE,
        checkout_id="chk_1",
        pack_id="starter",
        pack_title="Starter",
        credits=1000,
        amount_minor=1000,
        currency="usd",
        payment_id="pi_1",
        created_at=NOW,
    )
    dispute = Dispute(
        dispute_id="dp_1",
        purchase_id="pay_1",
        user_id=ALICE,
        payment_id="pi_1",
        disputed_minor=1000,
        disputed_credits=1000,
        currency="usd",
        state=DisputeState.OPENED,
    )
    subscription = Subscription(
        subscription_id="plan_1", user_id=ALICE, plan_id="free", began_at=NOW, next_allocation_at=NOW
    )
    refunded = replace(purchase, refunded_minor=300, refunded_credits=300)
    return [
        billed.PaymentCompleted(purchase=purchase, occurred_at=NOW),
        billed.PaymentRefunded(purchase=refunded, is_reversed=False, occurred_at=NOW),
        billed.PaymentDisputed(dispute=dispute, occurred_at=NOW),
        billed.SubscriptionRenewed(
            subscription=subscription,
            month=Month(NOW, NOW + timedelta(days=31)),
            credits=500,
            occurred_at=NOW,
        ),
        billed.AllocationRaised(
            subscription=replace(subscription, plan_id="business"),
            span=Month(NOW, NOW + timedelta(days=10)),
            credits=1000,
            occurred_at=NOW,
            invoice_id="in_1",
            payment_id="pi_2",
        ),
        billed.SubscriptionChanged(
            subscription=replace(subscription, plan_id="pro"),
            standing=Standing(
                status=SubscriptionStatus.ACTIVE,
                interval=BillingInterval.MONTH,
                period_end=NOW + timedelta(days=31),
                cancel_at_period_end=True,
            ),
            entitlements=("premium", "priority"),
            revision=2,
            occurred_at=NOW,
        ),
        billed.PromotionRedeemed(
            redemption=Redemption(
                redemption_id="red_1",
                user_id=ALICE,
                code="SPRING-26",
                credits=200,
                expires_at=NOW + timedelta(days=30),
                idempotency_key="k1",
                created_at=NOW,
            ),
            occurred_at=NOW,
        ),
        billed.AutoTopUpStopped(
            auto_top_up=AutoTopUp(
                user_id=ALICE,
                threshold_credits=100,
                pack_id="starter",
                purchases_max=3,
                status=AutoTopUpStatus.NEEDS_AUTHENTICATION,
                reason=StopReason.AUTHENTICATION_REQUIRED,
            ),
            url="https://checkout.example/pay/cs_1",
            occurred_at=NOW,
        ),
        billed.RefundOrdered(
            order=RefundOrder(
                order_id="rfo_1",
                purchase_id="pay_1",
                user_id=ALICE,
                payment_id="pi_1",
                asked_minor=300,
                amount_minor=300,
                reason="sent twice",
                actor="usr_admin",
                idempotency_key="k1",
                created_at=NOW,
                due_at=NOW,
            ),
            left_minor=1000,
            currency="usd",
            sign_in_id="ses_1",
            client_address="203.0.113.7",
            occurred_at=NOW,
        ),
        billed.AccountErased(user_id=ALICE, occurred_at=NOW),
    ]


def _ledger_facts() -> list[facts.Fact]:
    return [
        facts.CreditsGranted(
            grant_id="grt_1",
            amount=100,
            category=Category.PAID,
            source="payment:pi_1",
            payment_id="pi_1",
            **_LEDGER,  # type: ignore[arg-type]
        ),
        facts.CreditsReserved(reservation_id=HELD, reference=JOB, amount=30, expires_at=NOW, **_LEDGER),  # type: ignore[arg-type]
        facts.CreditsCharged(reservation_id=HELD, reference=JOB, charged=20, refunded=10, **_LEDGER),  # type: ignore[arg-type]
        facts.CreditsRefunded(reservation_id=HELD, reference=JOB, refunded=30, reason="failed", **_LEDGER),  # type: ignore[arg-type]
        facts.CreditsExpired(amount=30, **_LEDGER),  # type: ignore[arg-type]
        facts.CreditsClawedBack(payment_id="pi_1", amount=100, taken=100, reason="refunded", **_LEDGER),  # type: ignore[arg-type]
        facts.CreditsAdjusted(
            amount=-5,
            available_before=75,
            actor="usr_admin",
            reason="sent twice",
            session_id="ses_1",
            client_address="203.0.113.7",
            **_LEDGER,  # type: ignore[arg-type]
        ),
        facts.CreditsExpiring(
            grant_id="grt_1",
            amount=60,
            expires_at=NOW + timedelta(days=3),
            **_LEDGER,  # type: ignore[arg-type]
        ),
        facts.BalanceLow(threshold=100, **_LEDGER),  # type: ignore[arg-type]
    ]


def _generation_facts() -> list[generated.Event | generated.AccountErased]:
    return [
        generated.GenerationQueued(model_id="local/sketch", credits_reserved=30, **_JOB),  # type: ignore[arg-type]
        generated.GenerationProgressed(progress=0.5, **_JOB),  # type: ignore[arg-type]
        generated.GenerationSucceeded(reservation_id=HELD, charge_credits=20, output_count=2, **_JOB),  # type: ignore[arg-type]
        generated.GenerationFailed(
            reservation_id=HELD, failure=Failure("PROVIDER_FAILED", "it broke"), **_JOB
        ),  # type: ignore[arg-type]
        generated.GenerationCancelled(reservation_id=HELD, **_JOB),  # type: ignore[arg-type]
        generated.AccountErased(account_id=AccountId(ALICE), occurred_at=NOW),
    ]
