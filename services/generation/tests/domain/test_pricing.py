"""What jobs cost."""

import pytest
from generation.domain.pricing import Price, Tariff, Unit


@pytest.mark.parametrize(
    ("tariff", "job", "total", "breakdown"),
    [
        (Tariff(Unit.IMAGE, 5), {"output_count": 2}, 10, "2 images x 5 credits"),
        (Tariff(Unit.IMAGE, 5), {}, 5, "1 image x 5 credits"),
        (Tariff(Unit.SECOND, 25), {"duration_s": 3}, 75, "1 video x 3 seconds x 25 credits"),
        (Tariff(Unit.SECOND, 25), {"duration_s": 2, "output_count": 2}, 100, None),
        (Tariff(Unit.TOKEN, 1, 1000), {"prompt": "hi", "max_tokens": 934}, 1, None),
        (Tariff(Unit.TOKEN, 1, 1000), {"prompt": "hi", "max_tokens": 935}, 2, None),
    ],
)
def test_a_tariff_prices_an_input(
    tariff: Tariff, job: dict[str, int], total: int, breakdown: str | None
) -> None:
    """Units times credits, rounded up to whole credits."""
    price = tariff.price(job)
    assert price.credits == total
    assert breakdown is None or price.breakdown == breakdown


def test_a_long_prompt_is_reserved_for() -> None:
    """A prompt in a script of many bytes is bounded by its bytes, not its characters."""
    tariff = Tariff(Unit.TOKEN, 1, 1)
    assert tariff.price({"prompt": "日本", "max_tokens": 1}).units == 6 + 64 + 1


@pytest.mark.parametrize(("delivered", "charged"), [(4, 20), (3, 15), (1, 5), (9, 20)])
def test_only_what_was_delivered_is_charged(delivered: int, charged: int) -> None:
    """Three of four stored, three charged; never more than was reserved."""
    assert Price(credits=20, units=4, breakdown="").charge(delivered_units=delivered) == charged


def test_a_part_of_a_credit_is_a_credit() -> None:
    """A charge rounds up, so that something delivered is never free."""
    assert Price(credits=3, units=3000, breakdown="").charge(delivered_units=1) == 1


def test_the_price_reads_as_a_sentence() -> None:
    """People see a sentence."""
    assert Tariff(Unit.IMAGE, 5).summary == "5 credits an image"
    assert Tariff(Unit.SECOND, 1).summary == "1 credit a second"
    assert Tariff(Unit.TOKEN, 2, 1000).summary == "2 credits per 1,000 tokens"
