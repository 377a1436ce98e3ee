"""What somebody else did between our question and our answer is never overwritten."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from billing.application.open_page import PageRequest
from billing.application.process_webhook import Worked
from billing.application.reconcile_checkouts import ReconcileCheckoutsHandler
from billing.application.settle_checkout import SettleCheckoutHandler, SettledCheckout
from billing.domain.check_schedule import next_check
from billing.domain.checkout import Checkout, CheckoutStatus
from billing.domain.dispute import DisputeState
from billing.domain.errors import PaymentProcessorRefused, PaymentProcessorUnavailable
from billing.domain.identifiers import CheckoutId, PageId
from billing.domain.offer import offer_of_pack
from billing.domain.pack import Pack
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import WebhookState
from billing_support import ORIGIN, BillingUnderTest

REQUEST = PageRequest(email="ada@example.com", success_url=f"{ORIGIN}/a", cancel_url=f"{ORIGIN}/b")


def starter(billing: BillingUnderTest) -> Pack:
    """The pack that is sold here."""
    pack = billing.catalogue.find("starter")
    assert pack is not None
    return pack


async def kept(billing: BillingUnderTest, checkout_id: CheckoutId) -> Checkout:
    """The checkout as it is stored."""
    checkout = await billing.reader.checkout("usr_1", checkout_id)
    assert checkout is not None
    return checkout


async def write(billing: BillingUnderTest, checkout: Checkout) -> None:
    """Store the checkout as it is given."""
    async with billing.units.of_system() as work:
        await work.save_checkout(checkout)


async def test_a_page_that_somebody_else_opened_stands(memory_billing: BillingUnderTest) -> None:
    """Who comes second is led to it, and writes nothing."""
    first = (await memory_billing.open(key="k1")).checkout
    stale = replace(first, page_id=None, url=None, expires_at=None, next_check_at=None)
    memory_billing.clock.advance(60)
    assert await memory_billing.pages.open(stale, offer_of_pack(starter(memory_billing)), REQUEST) == first
    assert await kept(memory_billing, first.checkout_id) == first


async def test_a_page_number_that_somebody_else_gave_up_stays_given_up(
    memory_billing: BillingUnderTest,
) -> None:
    """A page of the number before is not written over it."""
    memory_billing.processor.failure = PaymentProcessorUnavailable("away")
    with pytest.raises(PaymentProcessorUnavailable):
        await memory_billing.open(key="k1")
    memory_billing.processor.failure = None
    stale = await kept(memory_billing, CheckoutId("chk_00000001"))
    await write(memory_billing, replace(stale, page=2))
    assert (
        await memory_billing.pages.open(stale, offer_of_pack(starter(memory_billing)), REQUEST)
    ).page_id is None
    assert await kept(memory_billing, stale.checkout_id) == replace(stale, page=2)


async def test_a_page_of_a_checkout_that_was_never_committed_is_a_bug(
    memory_billing: BillingUnderTest,
) -> None:
    """It is said, and nothing is written."""
    first = (await memory_billing.open(key="k1")).checkout
    never = replace(first, checkout_id=CheckoutId("chk_never"), page_id=None, url=None)
    with pytest.raises(RuntimeError, match="chk_never was committed and is gone"):
        await memory_billing.pages.open(never, offer_of_pack(starter(memory_billing)), REQUEST)
    assert await memory_billing.reader.checkout("usr_1", CheckoutId("chk_never")) is None


@pytest.mark.parametrize(
    ("failure", "page"), [(PaymentProcessorRefused("no"), 2), (PaymentProcessorUnavailable("away"), 1)]
)
async def test_only_a_refused_page_number_is_given_up(
    memory_billing: BillingUnderTest, failure: Exception, page: int
) -> None:
    """The processor remembers a refusal by the number; of an outage it remembers nothing."""
    memory_billing.processor.failure = failure
    with pytest.raises(type(failure)):
        await memory_billing.open(key="k1")
    memory_billing.processor.failure = None
    assert (await memory_billing.open(key="k1")).checkout.page == page


async def test_a_customer_that_is_known_is_not_made_again(memory_billing: BillingUnderTest) -> None:
    """The second checkout is the first one's customer's."""
    await memory_billing.open(key="k1")
    memory_billing.processor.customers.clear()
    await memory_billing.open(key="k2")
    assert memory_billing.processor.customers == {}


@dataclass(frozen=True)
class Meanwhile(SettleCheckoutHandler):
    """Settles nothing: something happens elsewhere, and then the answer can't be understood."""

    happens: Callable[[], Awaitable[None]]

    async def __call__(self, page_id: PageId) -> bool:
        """Let it happen, and fail."""
        await self.happens()
        raise ValueError("an answer that nobody understands")


@pytest.mark.parametrize(
    ("changes", "is_put_back"),
    [
        ({}, True),
        ({"page_id": "cs_other"}, False),
        ({"status": CheckoutStatus.EXPIRED, "url": None}, False),
    ],
    ids=["nothing", "another page", "settled"],
)
async def test_a_checkout_that_moved_on_is_not_put_back(
    memory_billing: BillingUnderTest, changes: dict[str, object], is_put_back: bool
) -> None:
    """What the other wrote stands as it was written; otherwise it comes again by its schedule."""
    opened = (await memory_billing.open(key="k1")).checkout
    moved = replace(opened, next_check_at=None, **changes)  # type: ignore[arg-type]
    settle = Meanwhile(
        memory_billing.units,
        memory_billing.processor,
        memory_billing.settle_plan,
        memory_billing.clock,
        memory_billing.ids,
        lambda: write(memory_billing, moved),
    )
    memory_billing.clock.advance(60)
    assert await ReconcileCheckoutsHandler(memory_billing.units, settle, memory_billing.clock)() == 1
    due = next_check(moved, memory_billing.clock.now()) if is_put_back else None
    assert await kept(memory_billing, opened.checkout_id) == replace(moved, next_check_at=due)
    assert (due is not None) is is_put_back


async def test_a_lost_page_without_an_end_comes_again_by_its_schedule(
    memory_billing: BillingUnderTest,
) -> None:
    """Nothing says that it is over, so it stays open."""
    opened = (await memory_billing.open(key="k1")).checkout
    await write(memory_billing, replace(opened, expires_at=None))
    memory_billing.processor.sessions.clear()
    memory_billing.clock.advance(3_600)
    assert await memory_billing.reconcile() == 1
    waiting = await kept(memory_billing, opened.checkout_id)
    assert waiting.status is CheckoutStatus.OPEN
    assert waiting.url == opened.url
    assert waiting.next_check_at == memory_billing.clock.now() + timedelta(seconds=450)


async def test_an_object_of_ours_that_the_processor_lost_is_waited_for(
    memory_billing: BillingUnderTest,
) -> None:
    """A page, a payment or a dispute: it is our key that is wrong. What is nobody's is ignored."""
    billing, processor = memory_billing, memory_billing.processor
    payment = (await billing.bought()).payment_id
    (page,) = processor.sessions
    processor.refund(payment, "re_1", 100, RefundStatus.SUCCEEDED)
    processor.dispute(payment, "dp_1", 200, DisputeState.OPENED)
    await billing.dispute("dp_1")
    await billing.facts.expect(("PaymentDisputed", "dp_1", 200, 200))
    for known in (processor.sessions, processor.payments, processor.disputes):
        known.clear()
    for kind, ours, others in (
        ("page_id", page, "cs_x"),
        ("payment_id", payment, "pi_x"),
        ("dispute_id", "dp_1", "dp_x"),
    ):
        await billing.told_about(f"evt_{kind}_ours", **{kind: ours})
        assert await billing.process() == Worked(state=WebhookState.WAITING, is_outage=True)
        await billing.told_about(f"evt_{kind}_others", **{kind: others})
        assert await billing.process() == Worked(state=WebhookState.IGNORED, is_outage=False)


async def test_a_page_of_nobody_settles_nothing(memory_billing: BillingUnderTest) -> None:
    """Whether it names no checkout, or one that we never had; the answer is no."""
    first = (await memory_billing.open(key="k1")).checkout
    sessions = memory_billing.processor.sessions
    seen = sessions[first.page_id or ""]
    for page, reference in (("cs_x", None), ("cs_y", "chk_never")):
        sessions[page] = replace(seen, page_id=PageId(page), reference=reference)  # type: ignore[arg-type]
        assert await memory_billing.settle(PageId(page)) is None
    assert await kept(memory_billing, first.checkout_id) == first


async def test_a_page_of_ours_is_known_without_its_reference(memory_billing: BillingUnderTest) -> None:
    """By the page itself; and a page that we have not written yet by the reference."""
    for key, changes in (("k1", {"reference": None}), ("k2", {})):
        opened = (await memory_billing.open(key=key)).checkout
        page = opened.page_id or ""
        memory_billing.processor.pay(page)
        sessions = memory_billing.processor.sessions
        sessions[page] = replace(sessions[page], **changes)
        if not changes:
            await write(memory_billing, replace(opened, page_id=None, url=None))
        assert (await memory_billing.settle(page)) == SettledCheckout(is_news=True)
        paid = (await memory_billing.purchases())[0]
        assert paid.checkout_id == opened.checkout_id
    await memory_billing.facts.expect(
        ("PaymentCompleted", "pi_1", 1000, 1000), ("PaymentCompleted", "pi_2", 1000, 1000)
    )


async def test_a_second_page_has_the_terms_of_its_own_moment(memory_billing: BillingUnderTest) -> None:
    """The pack's title too, and when it was opened; when the checkout was made stays."""
    first = (await memory_billing.open(key="k1")).checkout
    memory_billing.processor.expire(first.page_id or "")
    await write(memory_billing, replace(first, pack_title="Of old"))
    memory_billing.clock.advance(90_000)
    second = (await memory_billing.open(key="k1")).checkout
    assert (second.pack_title, second.page) == (first.pack_title, 2)
    assert (second.created_at, second.opened_at) == (first.created_at, memory_billing.clock.now())
