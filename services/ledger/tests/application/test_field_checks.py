"""Every field of every command: the last value that is good, and the first that is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bare_accounts import ME, NOW, SECOND
from command_makers import adjust, charge, claw_back, grant, refund, renew, reserve
from ledger.application import bounds
from ledger.application.claw_back_credits import ClawBackCredits
from ledger.application.command import Command
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.open_account import OpenAccount
from ledger.application.refund_reservation import RefundReservation
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.errors import InvalidField
from ledger.domain.lot import Category

MOST = 1_000_000_000
DAY, MONTH = BudgetPeriod.DAY, BudgetPeriod.MONTH
GRANT = grant(ME, 10)
PAID = grant(ME, 10, Category.PAID, payment_id="pi_1")
RENEW = renew(ME, 10, expires_at=NOW + timedelta(days=30))
RESERVE = reserve(ME, 10, "gen_1")
CHARGE = charge("res_1", 10)
REFUND = refund("res_1")
EXTEND = ExtendReservation(request_id="r", reservation_id="res_1", ttl_s=60)
CLAW_BACK = claw_back(ME, "pi_1", "refund", 10)
ADJUST = adjust(ME, 10)
OPEN = OpenAccount(request_id="r", account_id=ME)
COMMANDS = (GRANT, PAID, RENEW, RESERVE, CHARGE, REFUND, EXTEND, CLAW_BACK, ADJUST, OPEN)
OF_ACCOUNTS = (GRANT, RENEW, RESERVE, CLAW_BACK, ADJUST, OPEN)
SETTLING = (CHARGE, REFUND, EXTEND)


def texts(field: str, longest: int = 255) -> list[tuple[str, Any, bool]]:
    """A text that has to be there."""
    return [
        (field, "x", True),
        (field, "x" * longest, True),
        (field, "x" * (longest + 1), False),
        (field, "", False),
        (field, "a\x00", False),
        (field, "a\x1fb", False),
        (field, "a\x7f", False),
        (field, "\ud800", False),
        (field, "ü 🦊\u200b", True),
    ]


def numbers(field: str, lowest: int, highest: int) -> list[tuple[str, Any, bool]]:
    """A number within its bounds."""
    return [
        (field, lowest, True),
        (field, highest, True),
        (field, lowest - 1, False),
        (field, highest + 1, False),
    ]


def accounts() -> list[tuple[str, Any, bool]]:
    """What can be a token of a subject."""
    good = ["a", "usr_A-9", "x" * 64]
    bad = ["", "x" * 65, "a.b", "a b", "a*", "ü", "a\n"]
    return [("account_id", value, value in good) for value in (*good, *bad)]


CASES = [
    *(
        (command, *case)
        for command in COMMANDS
        for case in (
            *texts("request_id"),
            ("actor", "x" * 255, True),
            ("actor", "x" * 256, False),
            ("actor", "a\x00", False),
            ("reason", "x" * 1000, True),
            ("reason", "x" * 1001, False),
            ("reason", "a\x00", False),
        )
    ),
    *((command, *case) for command in OF_ACCOUNTS for case in accounts()),
    *((command, *case) for command in SETTLING for case in texts("reservation_id")),
    *((command, *case) for command in (GRANT, RENEW, RESERVE, CHARGE) for case in numbers("amount", 1, MOST)),
    *((command, *case) for command in (GRANT, RENEW) for case in numbers("priority", 0, 1000)),
    *((command, *case) for command in (GRANT, RENEW) for case in texts("source")),
    (GRANT, "priority", None, True),
    *((PAID, *case) for case in texts("payment_id")),
    *((RESERVE, *case) for case in (*texts("reference"), *numbers("ttl_s", 60, 30 * 24 * 3600))),
    *((EXTEND, *case) for case in numbers("ttl_s", 60, 30 * 24 * 3600)),
    *((CLAW_BACK, *case) for case in (*texts("payment_id"), *texts("cause"))),
    *((CLAW_BACK, *case) for case in numbers("target", 0, MOST)),
    *((ADJUST, "amount", value, True) for value in (1, -1, MOST, -MOST)),
    *((ADJUST, "amount", value, False) for value in (0, MOST + 1, -MOST - 1)),
    *((ADJUST, *case) for case in (*texts("actor"), *texts("reason", 1000))),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("command", "field", "value", "is_good"),
    CASES,
    ids=[f"{type(command).__name__}-{field}-{place}" for place, (command, field, *_) in enumerate(CASES)],
)
def test_each_field_has_its_bounds(command: Command, field: str, value: Any, is_good: bool) -> None:
    """A value that is refused is named by its field."""
    asked = replace(command, **{field: value})
    if is_good:
        asked.validate()
        return
    with pytest.raises(InvalidField) as refused:
        asked.validate()
    assert (refused.value.field, refused.value.details) == (field, {"field": field})


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("command", "field", "value", "said"),
    [
        (GRANT, "request_id", "", "is required"),
        (GRANT, "account_id", "", "is required"),
        (GRANT, "account_id", "a.b", "must be 1 to 64 letters, digits, _ or -"),
        (GRANT, "amount", 0, "must be from 1 to 1000000000, not 0"),
        (GRANT, "amount", MOST + 1, "must be from 1 to 1000000000, not 1000000001"),
        (GRANT, "priority", 1001, "must be from 0 to 1000, not 1001"),
        (GRANT, "source", "x" * 256, "has 256 characters, at most 255 are allowed"),
        (GRANT, "source", "a\x00", "must not hold control characters or half characters"),
        (ADJUST, "amount", 0, "must not be 0"),
        (ADJUST, "reason", "", "is required"),
        (ADJUST, "reason", "x" * 1001, "has 1001 characters, at most 1000 are allowed"),
    ],
)
def test_a_refusal_says_what_is_allowed(command: Command, field: str, value: Any, said: str) -> None:
    """In words that a person can act on, behind the field's name."""
    with pytest.raises(InvalidField) as refused:
        replace(command, **{field: value}).validate()
    assert str(refused.value) == f"{field}: {said}"


def test_what_nobody_asked_for_is_not_done() -> None:
    """A clawback takes, it reinstates nothing; a refund leaves what was charged; a grant is for at once."""
    taking = ClawBackCredits(request_id="r", account_id=ME, payment_id="pi_1", cause="refund", target=1)
    giving_back = RefundReservation(request_id="r", reservation_id="res_1")
    for command in (taking, giving_back, GRANT):
        command.validate()
        assert (command.reason, command.actor, command.metadata) == (None, None, {})
    assert not taking.reinstated
    assert not giving_back.even_if_charged
    assert (GRANT.priority, GRANT.effective_at, GRANT.expires_at, GRANT.payment_id) == (None,) * 4


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({}, None),
        ({str(number): "" for number in range(20)}, None),
        ({str(number): "" for number in range(21)}, "metadata"),
        ({"k" * 64: "v" * 255}, None),
        ({"k" * 65: "v"}, "metadata"),
        ({"": "v"}, "metadata"),
        ({"k": "v" * 256}, "metadata.k"),
        ({"a": "v", "k": "\x00"}, "metadata.k"),
    ],
)
def test_metadata_has_its_bounds(metadata: dict[str, str], field: str | None) -> None:
    """Pairs, names and values."""
    for command in COMMANDS:
        asked = replace(command, metadata=metadata)
        if field is None:
            asked.validate()
            continue
        with pytest.raises(InvalidField) as refused:
            asked.validate()
        assert refused.value.field == field


@pytest.mark.parametrize("command", [GRANT, RENEW], ids=["grant", "renew"])
def test_a_lot_ends_after_it_begins(command: Any) -> None:
    """A second is enough; without one of the two there is nothing to compare."""
    replace(command, effective_at=NOW, expires_at=NOW + SECOND).validate()
    replace(command, effective_at=NOW, expires_at=None).validate()
    replace(command, effective_at=None, expires_at=NOW).validate()
    for ends in (NOW, NOW - SECOND):
        with pytest.raises(InvalidField) as refused:
            replace(command, effective_at=NOW, expires_at=ends).validate()
        assert refused.value.field == "expires_at"


def test_a_renewals_payment_has_a_name() -> None:
    """It may have one, and then not an empty one."""
    replace(RENEW, payment_id="pi_1").validate()
    with pytest.raises(InvalidField) as refused:
        replace(RENEW, payment_id="").validate()
    assert refused.value.field == "payment_id"


def scopes(count: int) -> tuple[BudgetScope, ...]:
    """So many budgets."""
    return tuple(BudgetScope(f"key_{number}", DAY, 10) for number in range(count))


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("budget_scopes", "field"),
    [
        (scopes(5), None),
        (scopes(6), "budget_scopes"),
        ((BudgetScope("key", DAY, 1), BudgetScope("key", MONTH, 1)), None),
        ((BudgetScope("key", DAY, 1), BudgetScope("key", DAY, 2)), "budget_scopes"),
        ((BudgetScope("x" * 255, DAY, 0),), None),
        ((BudgetScope("x" * 256, DAY, 0),), "budget_scopes.scope"),
        ((BudgetScope("", DAY, 0),), "budget_scopes.scope"),
        ((BudgetScope("key", DAY, MOST),), None),
        ((BudgetScope("key", DAY, MOST + 1),), "budget_scopes.limit"),
        ((BudgetScope("key", DAY, -1),), "budget_scopes.limit"),
        ((*scopes(1), BudgetScope("key", DAY, -1)), "budget_scopes.limit"),
    ],
)
def test_budgets_have_their_bounds(budget_scopes: tuple[BudgetScope, ...], field: str | None) -> None:
    """Five at most, each once, from 0 to the most."""
    asked = replace(RESERVE, budget_scopes=budget_scopes)
    if field is None:
        asked.validate()
        return
    with pytest.raises(InvalidField) as refused:
        asked.validate()
    assert refused.value.field == field


def test_a_page_has_its_bounds() -> None:
    """Twenty rows where nothing is said, a hundred at most."""
    assert [bounds.page_size(value) for value in (0, 1, 100)] == [20, 1, 100]
    for value in (-1, 101):
        with pytest.raises(InvalidField) as refused:
            bounds.page_size(value)
        assert refused.value.field == "page_size"
