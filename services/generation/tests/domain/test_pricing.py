"""What jobs cost."""

from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from generation.domain.counting import Unit
from generation.domain.pricing import Price, Tariff, Tier, UpTo
from hypothesis import assume, given
from hypothesis import strategies as st


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


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("tariff", "job", "units"),
    [
        (Tariff(Unit.IMAGE, 5), {"output_count": 3, "duration_s": 9, "max_tokens": 9, "prompt": ""}, 3),
        (Tariff(Unit.SECOND, 5), {"output_count": 3, "duration_s": 4}, 12),
        (Tariff(Unit.SECOND, 5), {"duration_s": 4}, 4),
        (Tariff(Unit.TOKEN, 1, 1), {"system": "ab", "prompt": "cde", "max_tokens": 10}, 79),
        (Tariff(Unit.TOKEN, 1, 1), {"prompt": "cde", "max_tokens": 10}, 77),
        (Tariff(Unit.CHARACTER, 2), {"prompt": "日本 é"}, 4),
        (Tariff(Unit.CHARACTER, 2), {"prompt": "ab", "output_count": 3}, 6),
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
    letters = Tariff(Unit.CHARACTER, 3, 1000).price({"prompt": "a" * 1500})
    assert letters.breakdown == "1,500 characters, 3 credits per 1,000 characters"


JOBS = st.fixed_dictionaries(
    {
        "output_count": st.integers(1, 16),
        "duration_s": st.integers(1, 600),
        "width": st.integers(1, 8_192),
        "height": st.integers(1, 8_192),
        "steps": st.integers(1, 1_000),
        "max_tokens": st.integers(1, 100_000),
        "prompt": st.text(max_size=20),
        "quality": st.sampled_from(["low", "high"]),
    }
)
TIERS = st.lists(
    st.builds(
        Tier,
        st.integers(1, 1_000),
        st.fixed_dictionaries(
            {},
            optional={
                "quality": st.sampled_from(["low", "high"]),
                "duration_s": st.builds(UpTo, st.integers(1, 600)),
            },
        ),
    ),
    max_size=3,
).map(tuple)
TARIFFS = st.builds(Tariff, st.sampled_from(Unit), st.integers(1, 1_000), st.integers(1, 100_000), TIERS)


@given(tariff=TARIFFS, job=JOBS)
def test_a_price_is_rounded_up_once(tariff: Tariff, job: dict[str, Any]) -> None:
    """It is the exact amount, or less than a credit more; its lines add up to it."""
    price = tariff.price(job)
    (line,) = price.lines
    exact = Fraction(line.credits_per_unit * price.units, line.per_units * tariff.unit.scale)
    assert price.credits == max(1, ceil(exact))
    assert line.credits == price.credits
    assert round(line.quantity * tariff.unit.scale) == price.units
    assert (line.unit, line.per_units) == (tariff.unit, tariff.per_units)
    assert line.credits_per_unit in {tariff.credits, *(tier.credits for tier in tariff.tiers)}


@given(tariff=TARIFFS, job=JOBS, data=st.data())
def test_nobody_pays_more_than_was_quoted(tariff: Tariff, job: dict[str, Any], data: st.DataObject) -> None:
    """Whatever was delivered; a part costs no more than a larger part, and nothing costs nothing."""
    price, count = tariff.price(job), job["output_count"]
    part = data.draw(st.integers(0, count))
    paid = price.charge(delivered_units=price.units * part // count)
    assert 0 <= paid <= price.credits
    assert price.charge(delivered_units=0) == 0
    assert price.charge(delivered_units=price.units) == price.credits
    assert price.charge(delivered_units=price.units * 10) == price.credits
    more = data.draw(st.integers(part, count))
    assert paid <= price.charge(delivered_units=price.units * more // count)


@given(tariff=TARIFFS, job=JOBS, data=st.data())
def test_a_part_of_what_was_asked_for_costs_less(
    tariff: Tariff, job: dict[str, Any], data: st.DataObject
) -> None:
    """As soon as there is a credit for each of them: below that, a credit is the least that there is."""
    price, count = tariff.price(job), job["output_count"]
    assume(1 < count <= price.credits)
    part = data.draw(st.integers(1, count - 1))
    paid = price.charge(delivered_units=price.units * part // count)
    assert paid < price.credits
    assert paid - Fraction(price.credits * part, count) < 1


@given(tariff=TARIFFS, job=JOBS)
def test_more_of_the_same_costs_no_less(tariff: Tariff, job: dict[str, Any]) -> None:
    """One more output is never a saving."""
    more = {**job, "output_count": job["output_count"] + 1}
    assert tariff.price(more).credits >= tariff.price(job).credits


@given(one=TIERS, job=JOBS)
def test_what_a_tier_covers_is_of_it(one: tuple[Tier, ...], job: dict[str, Any]) -> None:
    """Whatever is of a covered tier is of the one that covers it."""
    for tier in one:
        for other in one:
            if tier.covers(other) and other.holds(job):
                assert tier.holds(job)


@pytest.mark.parametrize(
    ("tariff", "job", "total", "breakdown"),
    [
        (
            Tariff(Unit.MEGAPIXEL, 2),
            {"width": 1024, "height": 1024},
            3,
            "1 image × 1,024 × 1,024 pixels, 2 credits a megapixel",
        ),
        (
            Tariff(Unit.STEP, 1, 10),
            {"steps": 25, "output_count": 2},
            5,
            "2 images × 25 steps, 1 credit per 10 steps",
        ),
        (
            Tariff(Unit.VIDEO, 50, 1, (Tier(90, {"duration_s": UpTo(10)}),)),
            {"duration_s": 10},
            90,
            "1 video × 90 credits (duration_s up to 10)",
        ),
        (
            Tariff(Unit.VIDEO, 50, 1, (Tier(90, {"duration_s": UpTo(10)}),)),
            {"duration_s": 11},
            50,
            "1 video × 50 credits",
        ),
        (Tariff(Unit.IMAGE, 5, 4), {"output_count": 3}, 4, "3 images × 5 credits per 4 images"),
    ],
)
def test_other_units_are_priced(tariff: Tariff, job: dict[str, Any], total: int, breakdown: str) -> None:
    """And said."""
    price = tariff.price(job)
    assert (price.credits, price.breakdown) == (total, breakdown)
