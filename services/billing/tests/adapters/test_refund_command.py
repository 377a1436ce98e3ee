"""`python -m billing refund`, as an operator types it."""

import argparse

import pytest
from billing.adapters.inbound.refund_command import add_arguments, run
from billing_support import BillingUnderTest

WHO = ("--reason", "Bought by mistake", "--actor", "ops:jane")


async def typed(billing: BillingUnderTest, *words: str) -> int:
    """Run one command line; returns the exit code."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return await run(parser.parse_args(words), billing.refund_purchase)


async def test_a_part_and_the_rest(
    memory_billing: BillingUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line says what went back and how the purchase stands; who and why is kept."""
    purchase = await memory_billing.bought()
    part = (purchase.purchase_id, "--amount-minor", "400", "--key", "k1", *WHO)
    assert await typed(memory_billing, *part) == 0
    line = capsys.readouterr().out
    assert f": 400 of 1000 usd; {purchase.purchase_id} is partially_refunded, 400 refunded\n" in line
    assert await typed(memory_billing, *part) == 0
    assert ": 400 of 1000 usd as before;" in capsys.readouterr().out
    assert await typed(memory_billing, purchase.purchase_id, *WHO) == 0
    assert "is refunded, 1000 refunded" in capsys.readouterr().out
    async with memory_billing.units.of_system() as work:
        orders = await work.refund_orders(purchase.purchase_id)
    assert [(order.actor, order.reason) for order in orders] == [("ops:jane", "Bought by mistake")] * 2
    await memory_billing.facts.pass_over()


async def test_what_is_refused_says_why(
    memory_billing: BillingUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the error stream, with exit code 1; nothing goes back."""
    purchase = await memory_billing.bought()
    assert await typed(memory_billing, "pay_other", *WHO) == 1
    assert "PURCHASE_NOT_FOUND" in capsys.readouterr().err
    assert await typed(memory_billing, purchase.purchase_id, "--amount-minor", "1001", *WHO) == 1
    assert "INVALID_FIELD: amount_minor" in capsys.readouterr().err
    memory_billing.processor.answers = False
    assert await typed(memory_billing, purchase.purchase_id, *WHO) == 1
    assert "PAYMENT_PROCESSOR_UNAVAILABLE" in capsys.readouterr().err
    assert memory_billing.processor.payments[purchase.payment_id].refunds == ()
    # The one that could not be answered stays ordered.
    await memory_billing.facts.expect(
        ("RefundOrdered", purchase.purchase_id, 1000, 1000, "Bought by mistake")
    )


@pytest.mark.parametrize("left_out", ["--reason", "--actor"])
async def test_who_and_why_are_required(memory_billing: BillingUnderTest, left_out: str) -> None:
    """Before anything is done."""
    place = WHO.index(left_out)
    with pytest.raises(SystemExit) as ended:
        await typed(memory_billing, "pay_1", *WHO[:place], *WHO[place + 2 :])
    assert ended.value.code == 2
