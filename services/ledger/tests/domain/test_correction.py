"""Corrections: up, down, and not below nothing."""

import pytest
from bare_accounts import (
    ME,
    NOW,
    PAID,
    PROMOTIONAL,
    SECOND,
    WRITTEN,
    account,
    lot,
    occasion,
    parts,
    rows,
    told,
)
from ledger.domain.correction import adjust
from ledger.domain.errors import InsufficientCredits
from ledger.domain.money_back import claw_back


def test_up_is_a_lot_with_a_name() -> None:
    """Of whom it comes; it is there at once and for ever."""
    mine = account(lot("a", 5))
    made_id = adjust(mine, 1, occasion())
    assert made_id.startswith("grt_")
    assert mine.lots[made_id] == lot(
        made_id, 1, PROMOTIONAL, source="adjustment:usr_admin", effective_at=NOW, created_at=NOW
    )
    assert rows(mine) == [f"adjust promotional available+1 adjustment-1 {made_id} -> 6/0"]
    assert told(mine) == ["CreditsAdjusted amount=1 reason=because actor=usr_admin -> 6/0/0"]
    assert list(mine.new_lots) == [made_id]


def test_up_pays_a_debt_first() -> None:
    """Whatever becomes available does."""
    mine = account(lot("own", 4, PAID, payment_id="pi_1"))
    mine.put(mine.lots["own"]._replace(remaining=0, spent=4))
    mine.available = 0
    claw_back(mine, "pi_1", cause="refund", target=4, reinstated=False, occasion=occasion())
    assert mine.debt == 4
    made_id = adjust(mine, 10, occasion())
    assert (mine.available, mine.debt) == (6, 0)
    assert rows(mine)[-1] == f"clawback promotional available-4 debt+4 {made_id} -> 6/0"


def test_down_takes_in_spending_order() -> None:
    """Each lot has a row; the transaction is what was made."""
    mine = account(lot("b", 5, PAID), lot("a", 5))
    assert adjust(mine, -7, occasion(transaction_id="txn_7")) == "txn_7"
    assert rows(mine) == [
        "adjust promotional available-5 adjustment+5 a -> 5/0",
        "adjust paid available-2 adjustment+2 b -> 3/0",
    ]
    assert told(mine) == ["CreditsAdjusted amount=-7 reason=because actor=usr_admin -> 3/0/0"]
    assert (parts(mine.lots["a"]), parts(mine.lots["b"])) == ((0, 0, 0, 0, 5), (3, 0, 0, 0, 2))
    assert mine.facts[0].occurred_at == WRITTEN
    assert mine.facts[0].available_before == 10
    assert (mine.facts[0].account_id, mine.facts[0].balance) == (ME, mine.balance(NOW))


def test_everything_may_be_taken_and_no_credit_more() -> None:
    """What has not begun or has ended is not there to be taken; a refusal changes nothing."""
    mine = account(lot("a", 5), lot("later", 9, effective_at=NOW + SECOND), lot("over", 9, expires_at=NOW))
    with pytest.raises(InsufficientCredits) as refused:
        adjust(mine, -6, occasion())
    assert refused.value.details == {"available": "5", "required": "6"}
    assert (rows(mine), told(mine), mine.changed_lots) == ([], [], {})
    adjust(mine, -5, occasion())
    assert parts(mine.lots["a"]) == (0, 0, 0, 0, 5)
