"""Refusals: what each tells its caller beside its reason, and how one is refused again."""

from datetime import date

import pytest
from ledger.domain.errors import (
    AccountInDebt,
    BudgetExceeded,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidField,
    KeptRefusal,
    Overloaded,
)
from ledger.domain.request import Refusal

KEPT = [
    InsufficientCredits.of(available_credits=3, required_credits=5),
    AccountInDebt.of(7),
    BudgetExceeded.of(scope="key_1", period="day", limit=10, used=4, required=7, resets_on=date(2026, 1, 2)),
]


def test_details_say_what_a_program_needs() -> None:
    """As texts; the message says the same to people."""
    assert InvalidField("amount", "is required").details == {"field": "amount"}
    assert str(InvalidField("amount", "is required")) == "amount: is required"
    assert IdempotencyKeyReused("req_1").details == {"request_id": "req_1"}
    assert KEPT[0].details == {"available": "3", "required": "5"}
    assert str(KEPT[0]) == "5 credits are needed and 3 are available"
    assert KEPT[1].details == {"debt": "7"}
    assert KEPT[2].details == {
        "scope": "key_1",
        "period": "day",
        "limit": "10",
        "used": "4",
        "resets_at": "2026-01-02T00:00:00Z",
    }
    overloaded = Overloaded(waiting=20_000, retry_after_s=0.2)
    assert (overloaded.retry_after_s, "20000 commands" in str(overloaded)) == (0.2, True)


@pytest.mark.parametrize("refused", KEPT, ids=lambda refused: refused.reason)
def test_a_refusal_that_is_kept_is_the_same_again(refused: KeptRefusal) -> None:
    """Its class, its words and its details."""
    again = Refusal(refused.reason, str(refused), refused.details).as_error()
    assert (type(again), str(again), again.details) == (type(refused), str(refused), refused.details)
