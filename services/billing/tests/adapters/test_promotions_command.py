"""`python -m billing promotions`, as an operator types it."""

import argparse

import pytest
from billing.adapters.inbound.promotions_command import add_arguments, run
from billing.application.add_promotion import AddPromotionHandler
from billing.application.end_promotion import EndPromotionHandler
from billing.application.list_promotions import ListPromotionsHandler
from billing_support import BillingUnderTest


async def typed(billing: BillingUnderTest, *words: str) -> int:
    """Run one command line; returns the exit code."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return await run(
        parser.parse_args(words),
        add=AddPromotionHandler(billing.units, billing.clock),
        end=EndPromotionHandler(billing.units, billing.clock),
        list_promotions=ListPromotionsHandler(billing.units),
    )


async def test_a_code_from_its_making_to_its_end(
    memory_billing: BillingUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line says all that a code is."""
    assert await typed(memory_billing, "list") == 0
    assert "no codes yet" in capsys.readouterr().out
    words = ("--credits", "100", "--credits-last-days", "30", "--valid-until", "2099-01-31", "--limit", "50")
    assert await typed(memory_billing, "add", "spring-26", *words) == 0
    line = "SPRING-26: 100 credits, lasting 30 days, until 2099-01-31 00:00 UTC; redeemed 0 of 50 times\n"
    assert capsys.readouterr().out == line
    assert await typed(memory_billing, "list") == 0
    assert capsys.readouterr().out == line
    assert await typed(memory_billing, "end", "SPRING-26") == 0
    assert "until 2099" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "abc", "--credits", "1"), "INVALID_FIELD: code"),
        (("add", "SPRING", "--credits", "0"), "INVALID_FIELD: credits"),
        (("end", "NEVER"), "UNKNOWN_PROMOTION: there is no code NEVER"),
    ],
)
async def test_what_is_refused_says_why(
    memory_billing: BillingUnderTest, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    """On the error stream, with exit code 1; nothing was made."""
    assert await typed(memory_billing, *words) == 1
    assert says in capsys.readouterr().err
    assert await ListPromotionsHandler(memory_billing.units)() == []


async def test_a_day_that_is_none_is_refused(
    memory_billing: BillingUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is done."""
    with pytest.raises(SystemExit) as ended:
        await typed(memory_billing, "add", "SPRING", "--credits", "1", "--valid-until", "tomorrow")
    assert ended.value.code == 2
    assert "no day or moment" in capsys.readouterr().err
