"""What the auditor needs of all three: the real services over real channels."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime

import grpc
import pytest
from auditor.grpc_sources import GrpcBooks
from auditor.model import Books
from auditor.reconcile import reconcile
from auditor.three_way import Row, three_way
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.dispute import DisputeState
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.refund import RefundStatus
from billing_support import billing_in_memory
from chassis.events import IncomingEvent, subject_of
from command_makers import claw_back, renew
from contract_support import ledger_in_memory, serve_billing, serve_generation, serve_ledger
from generation_house import House
from ledger.adapters.inbound.events import SUBJECTS, LedgerEvents
from ledger.domain.lot import Category
from paid_plan_world import ADA, BEGAN, FEBRUARY, come, subscribed
from support import LedgerUnderTest, charge
from tintype.billing.v1.events_pb2 import SubscriptionRenewed


def broken(books: Books) -> dict[str, tuple[str, ...]]:
    """Invariants that do not hold now that every grace is over, with their offenders."""
    findings = reconcile(books, now=datetime.now(UTC))
    return {one.invariant: one.examples for one in findings if one.violations}


class Three:
    """Three services that the auditor reads."""

    def __init__(self) -> None:
        self.ledger: LedgerUnderTest = ledger_in_memory()
        self.house = House()
        self.billing = billing_in_memory()

    async def books(self, stack: AsyncExitStack, caller: str = "auditor") -> GrpcBooks:
        """Serve all three and connect."""
        books = GrpcBooks(
            ledger=await serve_ledger(stack, self.ledger),
            billing=await serve_billing(stack, self.billing),
            generation=await serve_generation(stack, self.house),
            token=caller,
        )
        stack.push_async_callback(books.close)
        return books

    async def sell(self) -> None:
        """One paid checkout."""
        opened = await self.billing.open()
        session = opened.checkout.page_id or ""
        self.billing.processor.pay(session)
        await self.billing.settle(session)


async def test_invariants_are_told_with_their_offenders(stack: AsyncExitStack) -> None:
    """What holds and what does not."""
    books = await Three().books(stack)
    findings = await books.ledger_invariants()
    assert [(one.invariant, one.violations, one.examples) for one in findings] == [
        ("holds", 0, ()),
        ("broken", 1, ("usr_1",)),
    ]


async def test_a_payment_without_its_grant_is_found_and_then_made_good(stack: AsyncExitStack) -> None:
    """Both directions: the money that bought nothing, and the credits that nothing paid for."""
    three = Three()
    books = await three.books(stack)
    await three.sell()
    (purchase,) = await three.billing.purchases()
    assert broken(await books.read()) == {"payments_granted": (purchase.payment_id,)}
    await three.ledger.give("usr_1", 1000, Category.PAID, payment_id=purchase.payment_id)
    assert broken(await books.read()) == {}
    await three.ledger.give("usr_1", 5, Category.PAID, payment_id="pi_forged")
    assert broken(await books.read()) == {"grants_have_payments": ("pi_forged",)}


async def test_a_charge_without_its_generation_is_found(stack: AsyncExitStack) -> None:
    """Credits that no job asked for."""
    three = Three()
    books = await three.books(stack)
    await three.ledger.give("usr_1", 100)
    reservation_id = await three.ledger.hold("usr_1", 10, "gen_nobody")
    await three.ledger.apply(charge(reservation_id, 10, "gen_nobody"))
    assert broken(await books.read()) == {"settlements_have_generations": (reservation_id,)}


async def test_a_finished_job_that_was_never_settled_is_found(stack: AsyncExitStack) -> None:
    """A job that ended, and a ledger that does not know."""
    three = Three()
    books = await three.books(stack)
    generation = await three.house.queued()
    await three.house.cancel(generation.account_id, generation.generation_id)
    assert broken(await books.read()) == {"generations_settled": (generation.generation_id,)}


async def test_a_refund_that_only_the_processor_knows_is_found(stack: AsyncExitStack) -> None:
    """On its way for a while, then broken; once it is recorded, the ledger must follow; then all is right."""
    three = Three()
    books = await three.books(stack)
    await three.sell()
    (purchase,) = await three.billing.purchases()
    await three.ledger.give("usr_1", 1000, Category.PAID, payment_id=purchase.payment_id)
    assert broken(await books.read()) == {}
    three.billing.processor.refund(purchase.payment_id, "re_0", 50, RefundStatus.PENDING)
    three.billing.processor.dispute(purchase.payment_id, "dp_0", 50, None)
    assert broken(await books.read()) == {}
    three.billing.processor.refund(purchase.payment_id, "re_1", 300, RefundStatus.SUCCEEDED)
    three.billing.processor.dispute(purchase.payment_id, "dp_1", 200, DisputeState.OPENED)
    moved = three.billing.clock.now()
    findings = reconcile(await books.read(), now=moved)
    assert {one.invariant: one.pending for one in findings if one.pending} == {
        "processor_matches_payments": 1,
        "payments_match_processor": 1,
    }
    both = dict.fromkeys(("processor_matches_payments", "payments_match_processor"), (purchase.payment_id,))
    assert broken(await books.read()) == both
    await three.billing.refund(purchase.payment_id)
    await three.billing.dispute("dp_1")
    assert broken(await books.read()) == {"money_back_taken_back": (purchase.payment_id,)}
    await three.ledger.apply(claw_back("usr_1", purchase.payment_id, "refund", 300))
    await three.ledger.apply(claw_back("usr_1", purchase.payment_id, "dispute:dp_1", 200))
    assert broken(await books.read()) == {}


async def test_payments_that_one_side_alone_has_are_found(stack: AsyncExitStack) -> None:
    """A paid page that was never settled, and a purchase that nobody paid for."""
    three = Three()
    books = await three.books(stack)
    await three.sell()
    (purchase,) = await three.billing.purchases()
    await three.ledger.give("usr_1", 1000, Category.PAID, payment_id=purchase.payment_id)
    opened = await three.billing.open()
    three.billing.processor.pay(opened.checkout.page_id or "")
    (lost,) = set(three.billing.processor.payments) - {purchase.payment_id}
    assert broken(await books.read()) == {"processor_matches_payments": (lost,)}
    three.billing.processor.sessions.clear()
    assert broken(await books.read()) == {"payments_match_processor": (purchase.payment_id,)}


async def test_the_three_way_table_says_what_each_says(stack: AsyncExitStack) -> None:
    """Of a payment that billing lacks, of one that the processor lacks, and of credits without a purchase."""
    three = Three()
    books = await three.books(stack)
    await three.sell()
    (purchase,) = await three.billing.purchases()
    await three.ledger.give("usr_1", 1000, Category.PAID, payment_id=purchase.payment_id)
    three.billing.processor.refund(purchase.payment_id, "re_1", 300, RefundStatus.SUCCEEDED)
    await three.billing.refund(purchase.payment_id)
    await three.ledger.apply(claw_back("usr_1", purchase.payment_id, "refund", 300))
    assert three_way(await books.read()).differing == 0
    opened = await three.billing.open()
    three.billing.processor.pay(opened.checkout.page_id or "")
    (lost,) = set(three.billing.processor.payments) - {purchase.payment_id}
    await three.ledger.give("usr_2", 50, Category.PAID, payment_id="pi_of_nobody")
    said = {row.about: row for row in three_way(await books.read()).differences}
    assert said == {
        lost: Row(about=lost, ledger="nothing", billing="nothing", processor="1000 usd"),
        "pi_of_nobody": Row(
            about="pi_of_nobody", ledger="50 credits of usr_2", billing="nothing", processor="nothing"
        ),
    }
    three.billing.processor.sessions.clear()
    said = {row.about: row for row in three_way(await books.read()).differences}
    assert said[purchase.payment_id] == Row(
        about=purchase.payment_id,
        ledger="1000 credits of usr_1, 300 taken back",
        billing="1000 usd, 300 refunded; 1000 credits of usr_1, 300 owed back",
        processor="nothing",
    )


async def heard(three: Three, *, but: tuple[str, ...] = ()) -> None:
    """Deliver every fact of billing's to the ledger, but those that begin at these moments."""
    events = LedgerEvents(writer=three.ledger.writer, welcome_credits=0)
    assert three.billing.published is not None
    for number, fact in enumerate(await three.billing.published()):
        full_name, account = fact.DESCRIPTOR.full_name, getattr(fact, "account_id", "")
        if isinstance(fact, SubscriptionRenewed) and fact.period_start.ToJsonString() in but:
            continue
        subject = subject_of(full_name, account)
        payload = fact.SerializeToString()
        event = IncomingEvent(
            subject=subject, event_id=f"evt_{number}", time=datetime.now(UTC), payload=payload
        )
        if any(subject.startswith(known.removesuffix("*")) for known in SUBJECTS["BILLING"]):
            await events.handle(event)


async def test_what_a_plan_allocated_is_compared_with_what_was_granted(stack: AsyncExitStack) -> None:
    """A year's months, an upgrade's rest and a free plan's months: told, granted, and nothing else."""
    three = Three()
    books = await three.books(stack)
    await StartFreePlanHandler(
        three.billing.units, three.billing.clock, three.billing.ids, three.billing.catalogue.plans[0]
    )(UserId("usr_free"), since=BEGAN)
    mine = await subscribed(three.billing, interval="year")
    assert mine.paid is not None
    await come(three.billing, FEBRUARY)
    terms = three.billing.catalogue.on_sale(PlanId("business"), mine.paid.interval)
    three.billing.clock.advance(86_400)
    await three.billing.processor.change_now(mine.paid.processor_id, *terms, request_id=RequestId("c1"))
    await three.billing.settle_plan(mine.paid.processor_id)
    three.ledger.clock.time = three.billing.clock.now()
    february = f"{mine.subscription_id} {FEBRUARY.isoformat()}"
    await heard(three, but=("2026-02-28T09:00:00Z",))
    read = await books.read()
    assert len(read.allocations) == 3
    assert broken(read) == {"allocations_granted": (february,)}
    row = {row.about: row for row in three_way(read).differences}[february]
    assert (row.ledger, row.billing.split(" until")[0]) == ("nothing", f"3000 credits of {ADA}")
    assert row.processor.startswith("pi_")
    await heard(three)
    read = await books.read()
    assert broken(read) == {}
    assert three_way(read).differing == 0
    assert three_way(read).totals[-1].ledger == three_way(read).totals[-1].billing
    await three.ledger.apply(renew(ADA, 5, effective_at=FEBRUARY))
    forged = f"sub_1 {FEBRUARY.isoformat()}"
    assert broken(await books.read()) == {"grants_have_allocations": (forged,)}


async def test_a_month_for_nothing_has_its_invoice_at_the_processor(stack: AsyncExitStack) -> None:
    """A trial's: told, granted, and made out for nothing; without that invoice it comes from nowhere."""
    three = Three()
    books = await three.books(stack)
    object.__setattr__(three.billing.catalogue.plans[1], "trial_days", 7)
    mine = await subscribed(three.billing)
    three.ledger.clock.time = three.billing.clock.now()
    await heard(three)
    read = await books.read()
    assert (broken(read), three_way(read).differing) == ({}, 0)
    ((key, told),) = read.allocations.items()
    assert (told.payment_id, read.unpaid_invoices) == ("", {told.invoice_id})
    assert three_way(read).totals[-1].processor == "0 paid for, by 0 payments; 1 for nothing"
    assert key.startswith(mine.subscription_id)
    three.billing.processor.invoice_payments.clear()
    read = await books.read()
    assert broken(read) == {"allocations_match_processor": (key,)}
    (row,) = three_way(read).differences
    assert (row.about, row.processor) == (key, f"{told.invoice_id}: nothing")


async def test_a_processor_that_is_away_leaves_the_rest_compared(stack: AsyncExitStack) -> None:
    """And it is said that it was not compared."""
    three = Three()
    books = await three.books(stack)
    three.billing.processor.answers = False
    read = await books.read()
    assert (read.processor, "not compared" in read.processor_failure) == (None, True)
    assert broken(read) == {}


async def test_nobody_else_reads_the_books(stack: AsyncExitStack) -> None:
    """The gateway's token does not open them."""
    books = await Three().books(stack, caller="gateway")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await books.read()
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
