"""Billing that was in use before loses nothing through the migrations, and its walls stand."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.adapters.outbound.postgres.webhook_reader import PostgresWebhookReader
from billing.application.refund_purchase import RefundPurchase
from billing.domain.checkout import PaymentStatus
from billing.domain.dispute import DisputeState
from billing.domain.identifiers import UserId
from billing.domain.page_request import is_same_request
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import Subject, SubjectKind, WebhookEvent
from billing_support import BillingUnderTest, CountingIds, HandClock
from chassis.postgres import create_engine, transaction
from embedded.testing import ServiceDatabase
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

pytestmark = pytest.mark.server

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

# Given up before anybody knew whose fault it was, about a checkout.
PARKED = """
INSERT INTO webhook_events (event_id, kind, session_id, body, received_at, state, due_at, attempts, error)
VALUES ('evt_parked', 'checkout.session.completed', 'cs_1', '{}', now(), 'parked', now(), 20, 'away')
"""

STORED = {
    "refund.created": {"id": "re_1", "payment_intent": "pi_1", "metadata": {"note": "\x00"}},
    "charge.refunded": {"id": "ch_1", "payment_intent": "pi_2"},
    "charge.dispute.created": {"id": "du_1", "payment_intent": "pi_3"},
    "charge.updated": {"id": "ch_2", "payment_intent": "pi_4"},
}


async def test_webhooks_that_nobody_listened_to_are_worked_out(
    empty_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was ignored about refunds and disputes, or was given up, is due; the rest stays as it ended."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", empty_database.owner_url.replace("%", "%%"))
    monkeypatch.setenv("BILLING_SERVICE_ROLE", "library_service")
    command.upgrade(config, "0001")
    clock = HandClock()
    with psycopg.connect(empty_database.admin_dsn) as admin:
        for kind, about in STORED.items():
            for state in ("ignored", "done"):
                body = json.dumps({"id": f"{kind}.{state}", "data": {"object": about}}).encode()
                admin.execute(
                    "INSERT INTO webhook_events (event_id, kind, body, received_at, state, due_at, attempts)"
                    " VALUES (%s, %s, %s, now(), %s, now(), 1)",
                    (f"{kind}.{state}", kind, body, state),
                )
        admin.execute(PARKED)
    command.upgrade(config, "head")
    engine = create_engine(empty_database.url)
    units = PostgresUnitsOfWork(engine, CountingIds())
    waiting: list[WebhookEvent] = []
    async with units.of_system() as work:
        clock.advance(86_400 * 36_500)
        later = clock.now().replace(year=9999)
        while (event := await work.claim_webhook(now=clock.now(), until=later, token="t")) is not None:
            waiting.append(event)
    await engine.dispose()
    payment, dispute = SubjectKind.PAYMENT, SubjectKind.DISPUTE
    assert sorted((event.kind, event.subject, event.attempts) for event in waiting) == [
        ("charge.dispute.created", Subject(kind=dispute, object_id="du_1"), 0),
        ("charge.refunded", Subject(kind=payment, object_id="pi_2"), 0),
        ("checkout.session.completed", Subject(kind=SubjectKind.PAGE, object_id="cs_1"), 0),
        ("refund.created", Subject(kind=payment, object_id="pi_1"), 0),
    ]


OPENED = "2026-01-01T00:00:00Z"
# Session, status, purchase of checkouts from before they said where their money is.
CHECKOUTS = {
    "chk_open": ("cs_open", "open", None),
    "chk_debit": ("cs_debit", "complete", None),
    "chk_paid": ("cs_paid", "complete", "pay_1"),
    "chk_expired": ("cs_expired", "expired", None),
    "chk_lost": (None, "open", None),
}


async def test_checkouts_from_before_are_followed(
    empty_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not settled is asked about, once at once; what is paid says so; a key stands for its pack."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", empty_database.owner_url.replace("%", "%%"))
    monkeypatch.setenv("BILLING_SERVICE_ROLE", "library_service")
    command.upgrade(config, "0004")
    with psycopg.connect(empty_database.admin_dsn) as admin:
        for checkout_id, (session_id, status, purchase_id) in CHECKOUTS.items():
            admin.execute(
                "INSERT INTO checkouts (checkout_id, user_id, idempotency_key, pack_id, pack_title, credits,"
                " price_minor, currency, session_id, url, status, purchase_id, created_at)"
                " VALUES (%s, 'usr_1', %s, 'starter', 'Starter', 1000, 1000, 'usd', %s, '', %s, %s, %s)",
                (checkout_id, checkout_id, session_id, status, purchase_id, OPENED),
            )
        admin.execute(PARKED)
    command.upgrade(config, "head")
    engine = create_engine(empty_database.url)
    units, reader = PostgresUnitsOfWork(engine, CountingIds()), PostgresBillingReader(engine)
    later = datetime.now(UTC) + timedelta(hours=1)
    async with units.of_system() as work:
        due = await work.claim_checks(now=later, until=later + timedelta(hours=1), limit=10)
    assert sorted(one.checkout_id for one in due) == ["chk_debit", "chk_open"]
    for checkout_id in CHECKOUTS:
        found = await reader.checkout("usr_1", checkout_id)
        assert found is not None
        is_paid = checkout_id == "chk_paid"
        assert found.payment_status is (PaymentStatus.PAID if is_paid else PaymentStatus.UNPAID)
        assert (found.page, found.fingerprint, found.opened_at) == (1, None, found.created_at)
        assert is_same_request(found, pack_id=found.pack_id, asked="1:whatever")
    await engine.dispose()


async def test_the_walls_around_refunds_and_disputes(
    service_database: Callable[[str], ServiceDatabase],
) -> None:
    """A user's scope shows that user's rows only, and the service's role can't rewrite what was bought."""
    engine = create_engine(service_database("billing").url)
    ids = CountingIds()
    billing = BillingUnderTest(
        units=PostgresUnitsOfWork(engine, ids),
        reader=PostgresBillingReader(engine),
        webhooks=PostgresWebhookReader(engine),
        ids=ids,
    )
    payment = (await billing.bought("usr_1")).payment_id
    billing.processor.refund(payment, "re_1", 300, RefundStatus.SUCCEEDED)
    billing.processor.dispute(payment, "dp_1", 700, DisputeState.OPENED)
    await billing.refund(payment)
    await billing.dispute("dp_1")
    for user_id, seen in (("usr_1", 1), ("usr_2", 0), ("*", 1)):
        async with transaction(engine, user_id) as connection:
            for table in ("refunds", "disputes"):
                assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == seen
    for forbidden in (
        "UPDATE purchases SET amount_minor = 1",
        "UPDATE refunds SET amount_minor = 1",
        "DELETE FROM refunds",
        "DELETE FROM disputes",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with transaction(engine, "*") as connection:
                await connection.execute(text(forbidden))
    (purchase,) = await billing.purchases()
    assert (purchase.amount_minor, purchase.refunded_minor) == (1000, 300)
    await engine.dispose()


async def test_the_walls_around_orders_and_invitations(
    service_database: Callable[[str], ServiceDatabase],
) -> None:
    """Who ordered a refund and why, and who invited whom, is written once; others' rows are not seen."""
    engine = create_engine(service_database("billing").url)
    ids = CountingIds()
    billing = BillingUnderTest(
        units=PostgresUnitsOfWork(engine, ids),
        reader=PostgresBillingReader(engine),
        webhooks=PostgresWebhookReader(engine),
        ids=ids,
    )
    await billing.claim_referral(UserId("usr_1"), (await billing.read_referral(UserId("usr_2"))).code)
    purchase = await billing.bought("usr_1")
    await billing.refund_purchase(
        RefundPurchase(
            purchase_id=purchase.purchase_id,
            amount_minor=None,
            reason="by mistake",
            actor="usr_admin",
            idempotency_key=None,
        )
    )
    seen = {
        "refund_orders": {"usr_1": 1, "usr_2": 0, "usr_3": 0, "*": 1},
        # Both of the two see their invitation.
        "referrals": {"usr_1": 1, "usr_2": 1, "usr_3": 0, "*": 1},
        "referral_codes": {"usr_1": 0, "usr_2": 1, "usr_3": 0, "*": 1},
    }
    for table, by_user in seen.items():
        for user_id, rows in by_user.items():
            async with transaction(engine, user_id) as connection:
                assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == rows, (
                    table,
                    user_id,
                )
    for forbidden in (
        "UPDATE refund_orders SET reason = 'another'",
        "UPDATE refund_orders SET actor = 'another'",
        "UPDATE refund_orders SET amount_minor = 1",
        "DELETE FROM refund_orders",
        "UPDATE referrals SET inviter_id = 'usr_3'",
        "DELETE FROM referrals",
        "UPDATE referral_codes SET user_id = 'usr_3'",
        "DELETE FROM referral_codes",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with transaction(engine, "*") as connection:
                await connection.execute(text(forbidden))
    await engine.dispose()
