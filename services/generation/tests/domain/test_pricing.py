"""What jobs cost."""

from typing import Any

import pytest
from generation.domain.pricing import Price, Tariff, Unit


@pytest.mark.parametrize(
    ("tariff", "job", "total", "breakdown"),
    [
        (Tariff(Unit.IMAGE, 5), {"output_count": 2}, 10, "2 images × 5 credits"),
        (Tariff(Unit.IMAGE, 5), {}, 5, "1 image × 5 credits"),
        (Tariff(Unit.SECOND, 25), {"duration_s": 3}, 75, "1 video × 3 seconds × 25 credits"),
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


@pytest.mark.parametrize(
    ("tariff", "job", "units"),
    [
        (Tariff(Unit.IMAGE, 5), {"output_count": 3, "duration_s": 9, "max_tokens": 9, "prompt": ""}, 3),
        (Tariff(Unit.SECOND, 5), {"output_count": 3, "duration_s": 4}, 12),
        (Tariff(Unit.SECOND, 5), {"duration_s": 4}, 4),
        (Tariff(Unit.TOKEN, 1, 1), {"system": "ab", "prompt": "cde", "max_tokens": 10}, 79),
        (Tariff(Unit.TOKEN, 1, 1), {"prompt": "cde", "max_tokens": 10}, 77),
    ],
)
def test_units_are_counted(tariff: Tariff, job: dict[str, Any], units: int) -> None:
    """Images; seconds of every film; what is sent, its template and what may come back."""
    price = tariff.price(job)
    assert (price.units, price.credits) == (units, units * tariff.credits)


def test_nothing_is_free() -> None:
    """A job costs a credit at least."""
    assert Tariff(Unit.IMAGE, 0).price({}).credits == 1
    assert Tariff(Unit.TOKEN, 1, 1000).price({"prompt": "", "max_tokens": 1}).credits == 1


def test_the_breakdown_counts_films_and_tokens() -> None:
    """One is one, two are several, thousands have their comma."""
    films = Tariff(Unit.SECOND, 1).price({"duration_s": 1, "output_count": 2})
    assert films.breakdown == "2 videos × 1 second × 1 credit"
    tokens = Tariff(Unit.TOKEN, 2, 1000).price({"prompt": "", "max_tokens": 1000})
    assert tokens.breakdown == "at most 1,064 tokens, 2 credits per 1,000 tokens"
