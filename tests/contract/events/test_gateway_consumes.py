"""The gateway's half: every fact that concerns a client is understood, the rest is left alone."""

import pytest
from gateway.adapters.inbound import changed_plans, ended_sessions, revoked_keys
from gateway.adapters.outbound.event_facts import fact_of
from gateway.domain.event import BalanceChanged, GenerationMoved, PaymentReceived, PlanChanged
from gateway.domain.generation import GenerationStatus
from golden import FOLDER, delivered

UNKNOWN_FIELD = bytes([0xC2, 0x3E, 0x03]) + b"new"
TOLD = {
    "CreditsGranted": BalanceChanged,
    "CreditsReserved": BalanceChanged,
    "CreditsCharged": BalanceChanged,
    "CreditsRefunded": BalanceChanged,
    "CreditsExpired": BalanceChanged,
    "CreditsClawedBack": BalanceChanged,
    "CreditsAdjusted": BalanceChanged,
    # The balance says what expires next, and identity mails it.
    "CreditsExpiring": type(None),
    # The change that made it low was told already.
    "BalanceLow": type(None),
    # The ledger tells what they do to the balance.
    "PaymentRefunded": type(None),
    "PaymentDisputed": type(None),
    "SubscriptionRenewed": type(None),
    "AllocationRaised": type(None),
    "SubscriptionChanged": PlanChanged,
    "PromotionRedeemed": type(None),
    # The billing page asks.
    "AutoTopUpStopped": type(None),
    "RefundOrdered": type(None),
    # Identity records it.
    "DeadLetterReplayed": type(None),
    "GenerationQueued": GenerationMoved,
    "GenerationProgressed": GenerationMoved,
    "GenerationSucceeded": GenerationMoved,
    "GenerationFailed": GenerationMoved,
    "GenerationCancelled": GenerationMoved,
    "PaymentCompleted": PaymentReceived,
    # The ledger tells of the credits that follow.
    "UserRegistered": type(None),
    "EmailVerified": type(None),
    # Heard by its subject alone, so that what was known of the sessions is doubted.
    "SessionsEnded": type(None),
    # As sessions are.
    "ApiKeyRevoked": type(None),
    # Identity says it of the user.
    "ErasureRequested": type(None),
    "ErasureTakenBack": type(None),
    # The sessions of whoever is gone have ended.
    "UserDeleted": type(None),
    "AccountErased": type(None),
}


@pytest.mark.parametrize("ce_type", sorted(path.stem for path in FOLDER.glob("*.json")))
@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
def test_a_golden_message_is_understood(ce_type: str, extra: bytes) -> None:
    """Each becomes its own kind of fact."""
    event = delivered(ce_type, extra=extra)
    assert type(fact_of(event)) is TOLD[ce_type.rpartition(".")[2]]


def test_ended_sessions_are_heard_by_their_subject() -> None:
    """What the gateway subscribes to is where identity tells it, one word of it the user."""
    prefix, _, user = delivered("tintype.identity.v1.SessionsEnded").subject.rpartition(".")
    assert (f"{prefix}.*", user) == (ended_sessions.SUBJECT, "usr_alice")


def test_revoked_keys_are_heard_by_their_subject() -> None:
    """As ended sessions are."""
    prefix, _, user = delivered("tintype.identity.v1.ApiKeyRevoked").subject.rpartition(".")
    assert (f"{prefix}.*", user) == (revoked_keys.SUBJECT, "usr_alice")


def test_changed_plans_are_heard_by_their_subject() -> None:
    """As ended sessions are."""
    prefix, _, user = delivered("tintype.billing.v1.SubscriptionChanged").subject.rpartition(".")
    assert (f"{prefix}.*", user) == (changed_plans.SUBJECT, "usr_alice")


def test_what_is_told_is_what_was_meant() -> None:
    """Numbers arrive as they were sent."""
    granted = fact_of(delivered("tintype.ledger.v1.CreditsGranted"))
    assert isinstance(granted, BalanceChanged)
    assert (granted.balance.available, granted.balance.held, granted.balance.sequence) == (70, 30, 7)
    moved = fact_of(delivered("tintype.generation.v1.GenerationSucceeded"))
    assert isinstance(moved, GenerationMoved)
    assert (moved.generation_id, moved.status, moved.charged_credits) == (
        "gen_1",
        GenerationStatus.SUCCEEDED,
        20,
    )
    plan = fact_of(delivered("tintype.billing.v1.SubscriptionChanged"))
    assert isinstance(plan, PlanChanged)
    assert (plan.plan_id, plan.status, plan.interval, plan.revision) == ("pro", "active", "month", 2)
    assert (plan.entitlements, plan.cancel_at_period_end) == (("premium", "priority"), True)
    paid = fact_of(delivered("tintype.billing.v1.PaymentCompleted"))
    assert isinstance(paid, PaymentReceived)
    assert (paid.payment_id, paid.credits, paid.amount_minor) == ("pi_1", 1000, 1000)
