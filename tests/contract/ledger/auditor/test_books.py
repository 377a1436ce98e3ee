"""What the auditor needs of all three: the real services over real channels."""

from contextlib import AsyncExitStack

import grpc
import pytest
from auditor.grpc_sources import GrpcBooks
from auditor.reconcile import reconcile
from billing_support import billing_in_memory
from contract_support import ledger_in_memory, serve_billing, serve_generation, serve_ledger
from generation_house import House
from ledger.domain.lot import Category
from support import LedgerUnderTest, charge


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
        session = opened.checkout.session_id or ""
        self.billing.processor.pay(session)
        await self.billing.settle.handle(session)


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
    broken = {one.invariant: one.examples for one in reconcile(await books.read()) if one.violations}
    assert broken == {"payments_granted": (purchase.payment_id,)}
    await three.ledger.give("usr_1", 1000, Category.PAID, payment_id=purchase.payment_id)
    assert not any(one.violations for one in reconcile(await books.read()))
    await three.ledger.give("usr_1", 5, Category.PAID, payment_id="pi_forged")
    broken = {one.invariant: one.examples for one in reconcile(await books.read()) if one.violations}
    assert broken == {"grants_have_payments": ("pi_forged",)}


async def test_a_charge_without_its_generation_is_found(stack: AsyncExitStack) -> None:
    """Credits that no job asked for."""
    three = Three()
    books = await three.books(stack)
    await three.ledger.give("usr_1", 100)
    reservation_id = await three.ledger.hold("usr_1", 10, "gen_nobody")
    await three.ledger.apply(charge(reservation_id, 10, "gen_nobody"))
    broken = {one.invariant: one.examples for one in reconcile(await books.read()) if one.violations}
    assert broken == {"settlements_have_generations": (reservation_id,)}


async def test_a_finished_job_that_was_never_settled_is_found(stack: AsyncExitStack) -> None:
    """A job that ended, and a ledger that does not know."""
    three = Three()
    books = await three.books(stack)
    generation = await three.house.queued()
    await three.house.cancel(generation.account_id, generation.generation_id)
    broken = {one.invariant: one.examples for one in reconcile(await books.read()) if one.violations}
    assert broken == {"generations_settled": (generation.generation_id,)}


async def test_nobody_else_reads_the_books(stack: AsyncExitStack) -> None:
    """The gateway's token does not open them."""
    books = await Three().books(stack, caller="gateway")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await books.read()
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
