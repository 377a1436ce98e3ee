"""What runs cost us."""

from typing import Any

import pytest
from generation.domain.cost import CostRate
from generation.domain.counting import Unit

A_TOKEN = CostRate(unit=Unit.TOKEN, usd_micros=1_600_000, per_units=1_000_000)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("rate", "job", "made_count", "usd_micros"),
    [
        (CostRate(unit=Unit.IMAGE, usd_micros=3_000), {"output_count": 4}, 4, 12_000),
        (CostRate(unit=Unit.IMAGE, usd_micros=3_000), {"output_count": 4}, 1, 3_000),
        (CostRate(unit=Unit.IMAGE, usd_micros=3_000), {"output_count": 4}, 9, 12_000),
        (CostRate(unit=Unit.IMAGE, usd_micros=3_000), {}, 1, 3_000),
        (CostRate(unit=Unit.IMAGE, usd_micros=3_000), {}, 0, 0),
        (CostRate(unit=Unit.IMAGE, usd_micros=0), {}, 1, 0),
        (CostRate(unit=Unit.IMAGE, usd_micros=10, per_units=3), {}, 1, 4),
        (CostRate(unit=Unit.SECOND, usd_micros=100), {"duration_s": 5, "output_count": 2}, 1, 500),
    ],
)
def test_a_run_costs_what_it_made(
    rate: CostRate, job: dict[str, Any], made_count: int, usd_micros: int
) -> None:
    """Rounded up, and never more than was asked for."""
    assert rate.of(job, made_count=made_count, usage_units=None) == usd_micros


@pytest.mark.parametrize(("used", "usd_micros"), [(2_500, 4_000), (0, 0), (None, None)])
def test_tokens_cost_what_was_used(used: int | None, usd_micros: int | None) -> None:
    """Nobody guesses at tokens that a provider does not count."""
    job = {"prompt": "a red fox", "max_tokens": 9_000}
    assert A_TOKEN.of(job, made_count=1, usage_units=used) == usd_micros
