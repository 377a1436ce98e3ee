"""A payment's clawback: what is in force follows from its causes, in whatever order they are told."""

import pytest
from bare_accounts import ME
from ledger.domain.clawback import Clawback


def clawback(granted: int = 100) -> Clawback:
    """Nothing is told of it yet."""
    return Clawback("pi_1", ME, granted)


def test_before_its_grant_nothing_is_in_force() -> None:
    """Whatever is told."""
    waiting = Clawback("pi_1", ME)
    waiting = waiting.tell("refund", 5, reinstated=False)
    assert (waiting.granted, waiting.target(), waiting.taken, waiting.from_own_lot) == (0, 0, 0, 0)


def test_a_cause_only_grows_until_it_is_reinstated_for_good() -> None:
    """Older news undoes nothing, and nothing follows the end."""
    told = clawback()
    for target, is_in_force in ((5, 5), (3, 5), (0, 5), (6, 6)):
        told = told.tell("refund", target, reinstated=False)
        assert told.target() == is_in_force
    told = told.tell("refund", 6, reinstated=True)
    assert told.target() == 0
    told = told.tell("refund", 50, reinstated=False)
    told = told.tell("refund", 50, reinstated=True)
    assert told.target() == 0
    assert told.reinstated == ("refund",)


def test_a_cause_of_nothing_takes_nothing() -> None:
    """It is known all the same."""
    told = clawback()
    told = told.tell("refund", 0, reinstated=False)
    assert (told.targets, told.target()) == ({"refund": 0}, 0)


def test_causes_add_up_to_at_most_what_was_granted() -> None:
    """Each ends alone."""
    told = clawback(10)
    told = told.tell("refund", 4, reinstated=False)
    told = told.tell("dispute:dp_1", 9, reinstated=False)
    assert told.target() == 10
    told = told.tell("dispute:dp_1", 9, reinstated=True)
    assert told.target() == 4


@pytest.mark.parametrize("first", ["taken", "won"])
def test_an_end_that_is_told_first_is_an_end(first: str) -> None:
    """What it would have taken is never taken."""
    told = clawback()
    for won in [False, True] if first == "taken" else [True, False]:
        told = told.tell("dispute:dp_1", 9, reinstated=won)
    assert told.target() == 0
