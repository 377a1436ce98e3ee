"""What previews add to a price, and what of it is charged."""

import pytest
from generation.domain.counting import Unit
from generation.domain.previews import Previews
from generation.domain.pricing import Price, Tariff

PICTURE = Tariff(Unit.IMAGE, 8).price({})
FOUR = Price(credits=32, units=4, breakdown="4 images")


def test_the_most_is_set_aside() -> None:
    """All that were asked for, in words; what units buy stays as it was."""
    price = Previews(3, 2).added_to(PICTURE)
    assert (price.credits, price.units, price.lines) == (14, 1, ())
    assert price.breakdown == "1 image × 8 credits, 3 previews × 2 credits"
    assert Previews(1, 1).added_to(PICTURE).breakdown == "1 image × 8 credits, 1 preview × 1 credit"


def test_what_costs_nothing_adds_nothing() -> None:
    """The price is the picture's, line by line."""
    price = Previews(3, 0).added_to(PICTURE)
    assert (price, price.lines) == (PICTURE, PICTURE.lines)
    assert Previews(3, 0).charge(price, delivered_units=1, shown=3) == 8


@pytest.mark.parametrize(("shown", "charged"), [(0, 8), (1, 10), (3, 14), (9, 14)])
def test_what_was_shown_is_charged(shown: int, charged: int) -> None:
    """Beside the picture, and never more than were asked for."""
    previews = Previews(3, 2)
    assert previews.charge(previews.added_to(PICTURE), delivered_units=1, shown=shown) == charged


@pytest.mark.parametrize(("delivered_units", "charged"), [(0, 2), (1, 10), (3, 26), (4, 34)])
def test_a_part_is_a_part_of_what_is_made(delivered_units: int, charged: int) -> None:
    """What is not delivered of the pictures is not hidden by the previews."""
    previews = Previews(2, 1)
    price = previews.added_to(FOUR)
    assert previews.charge(price, delivered_units=delivered_units, shown=2) == charged
