"""What every store of billing guarantees: a unit of work is whole, and no row is what none may be."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.adapters.outbound.memory.constraints import ConstraintViolatedError
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.adapters.outbound.memory.unit_of_work import MemoryUnitsOfWork
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.domain.checkout import Checkout, CheckoutStatus, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.listing import Scan
from billing.domain.refund import Refund, RefundStatus
from billing.domain.webhook_event import Stored, Subject, SubjectKind, WebhookEvent
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork
from billing_support import CountingIds
from chassis.postgres import create_engine
from sqlalchemy.exc import IntegrityError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = timedelta(minutes=1)
CHECKOUT = Checkout(
    checkout_id="chk_1",
    user_id="usr_1",
    idempotency_key="k1",
    pack_id="starter",
    pack_title="Starter",
    credits=1000,
    price_minor=1000,
    currency="usd",
    page_id="cs_1",
    url="https://pay.example/cs_1",
    created_at=NOW,
    opened_at=NOW,
    expires_at=NOW,
)
OTHER = replace(CHECKOUT, checkout_id="chk_2", idempotency_key="k2", page_id="cs_2")
PURCHASE = Purchase(
    purchase_id="pay_1",
    user_id="usr_1",
    checkout_id="chk_1",
    pack_id="starter",
    pack_title="Starter",
    credits=1000,
    amount_minor=1000,
    currency="usd",
    payment_id="pi_1",
    created_at=NOW,
)
REFUND = Refund(refund_id="re_1", amount_minor=300, status=RefundStatus.PENDING)
DISPUTE = Dispute(
    dispute_id="dp_1",
    purchase_id="pay_1",
    user_id="usr_1",
    payment_id="pi_1",
    disputed_minor=300,
    disputed_credits=300,
    currency="usd",
    state=DisputeState.OPENED,
)
Act = Callable[[UnitOfWork], Awaitable[object]]


async def write(work: UnitOfWork) -> None:
    """One row of each kind."""
    await work.link_customer("usr_1", "cus_1", instead_of=None)
    await work.add_checkout(CHECKOUT)
    assert await work.add_purchase(PURCHASE)
    await work.save_refunds(PURCHASE, [REFUND])
    await work.save_dispute(DISPUTE)
    await work.save_scan(Scan(name="refunds.recent", since=NOW))


async def read(work: UnitOfWork) -> list[object]:
    """What `write` wrote."""
    return [
        await work.customer_of("usr_1"),
        await work.checkout("chk_1", lock=True),
        await work.checkout_of_page("cs_1"),
        await work.purchase_of_payment("pi_1"),
        list(await work.refunds_of("pay_1")),
        await work.dispute("dp_1"),
        await work.scan("refunds.recent"),
    ]


WRITTEN = ["cus_1", CHECKOUT, "chk_1", PURCHASE, [REFUND], DISPUTE, Scan(name="refunds.recent", since=NOW)]
NOTHING = [None, None, None, None, [], None, None]


@pytest.fixture(params=["memory", "postgres"])
async def units(request: pytest.FixtureRequest) -> AsyncIterator[UnitsOfWork]:
    """Each store, empty."""
    if request.param == "memory":
        yield MemoryUnitsOfWork(MemoryBilling())
        return
    engine = create_engine(request.getfixturevalue("service_database")("billing").url)
    yield PostgresUnitsOfWork(engine, CountingIds())
    await engine.dispose()


@pytest.fixture
async def written(units: UnitsOfWork) -> UnitsOfWork:
    """Each store, with a row of each kind."""
    async with units.of_system() as work:
        await write(work)
    return units


async def undone(units: UnitsOfWork, act: Act, *failures: type[Exception]) -> None:
    """Do something in a unit of work that ends in a failure."""

    async def act_and_fail() -> None:
        async with units.of_system() as work:
            await act(work)
            raise ZeroDivisionError

    with pytest.raises(failures or ZeroDivisionError):
        await act_and_fail()


async def test_leaving_a_unit_of_work_commits(written: UnitsOfWork) -> None:
    """Nothing has to be said; a reader's early way out is no other."""

    async def early() -> str | None:
        async with written.of_system() as work:
            return await work.customer_of("usr_1")

    assert await early() == "cus_1"
    async with written.of_system() as work:
        assert await read(work) == WRITTEN


async def test_an_exception_undoes_everything(units: UnitsOfWork) -> None:
    """What was written was there for whoever wrote it, and for nobody afterwards."""

    async def write_and_read(work: UnitOfWork) -> None:
        await write(work)
        assert await read(work) == WRITTEN

    await undone(units, write_and_read)
    async with units.of_system() as work:
        assert await read(work) == NOTHING


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda work: work.add_checkout(replace(OTHER, credits=0)), id="credits"),
        pytest.param(lambda work: work.add_checkout(replace(OTHER, price_minor=0)), id="price"),
        pytest.param(lambda work: work.add_checkout(replace(OTHER, page=0)), id="page"),
        pytest.param(lambda work: work.add_checkout(replace(OTHER, purchase_id="pay_1")), id="a purchase"),
        pytest.param(lambda work: work.save_checkout(replace(CHECKOUT, page_id="cs_3")), id="a taken page"),
        pytest.param(lambda work: work.save_checkout(replace(CHECKOUT, price_minor=-1)), id="a later price"),
        pytest.param(
            lambda work: work.save_checkout(
                replace(CHECKOUT, purchase_id="pay_1", status=CheckoutStatus.EXPIRED)
            ),
            id="bought and expired",
        ),
        pytest.param(
            lambda work: work.add_purchase(other_purchase(checkout_id="chk_none")), id="of no checkout"
        ),
        pytest.param(lambda work: work.add_purchase(other_purchase(credits=0)), id="no credits"),
        pytest.param(lambda work: work.add_purchase(other_purchase(amount_minor=-1)), id="a negative amount"),
        pytest.param(lambda work: work.save_refunds(refunded(refunded_minor=1001), []), id="too much money"),
        pytest.param(lambda work: work.save_refunds(refunded(refunded_minor=-1), []), id="negative money"),
        pytest.param(lambda work: work.save_refunds(refunded(refunded_credits=1001), []), id="all credits"),
        pytest.param(lambda work: work.save_refunds(refunded(refunded_credits=-1), []), id="no credits left"),
        pytest.param(lambda work: work.save_refunds(refunded(refund_series=-1), []), id="a negative series"),
        pytest.param(
            lambda work: work.save_refunds(PURCHASE, [replace(REFUND, refund_id="re_2", amount_minor=-1)]),
            id="a negative refund",
        ),
        pytest.param(
            lambda work: work.save_dispute(replace(DISPUTE, dispute_id="dp_2", purchase_id="pay_none")),
            id="a dispute of nothing",
        ),
        pytest.param(lambda work: work.save_dispute(replace(DISPUTE, disputed_minor=-1)), id="a dispute"),
        pytest.param(
            lambda work: work.save_dispute(replace(DISPUTE, disputed_credits=-1)), id="disputed credits"
        ),
        pytest.param(
            lambda work: work.link_customer("usr_2", "cus_1", instead_of=None), id="another user's customer"
        ),
    ],
)
async def test_no_row_is_what_none_may_be(written: UnitsOfWork, act: Act) -> None:
    """Whatever the code believes: the row is refused, and what was written before it stays."""
    async with written.of_system() as work:
        await work.add_checkout(replace(OTHER, checkout_id="chk_3", idempotency_key="k3", page_id="cs_3"))
    await undone(written, act, IntegrityError, ConstraintViolatedError)
    async with written.of_system() as work:
        assert await read(work) == WRITTEN
        assert await work.checkout("chk_2") is None
        assert await work.customer_of("usr_2") is None


async def test_a_payment_and_an_id_are_one_purchase(written: UnitsOfWork) -> None:
    """A second one of the same is not added, and the first one stays as it is."""
    async with written.of_system() as work:
        assert not await work.add_purchase(other_purchase(payment_id="pi_1"))
        assert not await work.add_purchase(other_purchase(purchase_id="pay_1"))
    async with written.of_system() as work:
        assert await read(work) == WRITTEN
        assert await work.purchase_of_payment("pi_2") is None


@pytest.mark.exhaustive
@pytest.mark.parametrize("subject", [*(Subject(kind=kind, object_id="x") for kind in SubjectKind), None])
async def test_a_webhook_keeps_what_it_is_about(units: UnitsOfWork, subject: Subject | None) -> None:
    """One of three, or nothing that anybody could be asked about: then nothing wakes it."""
    event = WebhookEvent(event_id="evt_1", kind="k", subject=subject, body=b"{}", received_at=NOW)
    async with units.of_system() as work:
        assert await work.add_webhook(event) is Stored.NEW
    async with units.of_system() as work:
        assert await work.claim_webhook(now=NOW, until=NOW + LEASE, token="t") == event
        assert await work.wake_webhook("evt_1", now=NOW) == (subject is not None)


def other_purchase(**changes: object) -> Purchase:
    """Another purchase of the same checkout."""
    return replace(PURCHASE, **{"purchase_id": "pay_2", "payment_id": "pi_2", **changes})  # type: ignore[arg-type]


def refunded(**changes: int) -> Purchase:
    """The purchase after refunds."""
    return replace(PURCHASE, **changes)  # type: ignore[arg-type]
