"""Column lists that don't fit their table, or what is written from, are found when they are made."""

import pytest
from ledger.adapters.outbound.postgres import tables
from ledger.adapters.outbound.postgres.array_literals import NUMBER, WORD
from ledger.adapters.outbound.postgres.many_rows import as_it_is, columns, every_column, values_of
from ledger.domain.budget import Budget, BudgetKey, BudgetPeriod
from support import START


def test_a_column_that_the_table_does_not_have_is_refused() -> None:
    """By its name."""
    with pytest.raises(ValueError, match=r"budgets has no columns \['uzed'\]"):
        columns(tables.budgets, scope=WORD, uzed=NUMBER)


def test_a_column_that_would_be_left_out_is_refused() -> None:
    """What the database computes is not written."""
    with pytest.raises(
        ValueError, match=r"budgets also has the columns \['account_id', 'period', 'starts_on'\]"
    ):
        every_column(tables.budgets, scope=WORD, used=NUMBER)


def test_a_column_that_is_no_field_is_refused() -> None:
    """Of the object itself, or of what it holds."""
    with pytest.raises(ValueError, match=r"there are no fields \['scope'\]"):
        values_of(Budget._fields, columns(tables.budgets, scope=WORD, used=NUMBER))


def test_a_tuple_that_is_no_row_is_refused() -> None:
    """By the order of its fields."""
    written = columns(tables.budgets, used=NUMBER, scope=WORD)
    assert as_it_is(("used", "scope"), written) == written
    with pytest.raises(ValueError, match="not the fields"):
        as_it_is(("scope", "used"), written)


def test_values_are_read_by_name_in_the_order_of_the_columns() -> None:
    """Wherever they stand in the object."""
    key = BudgetKey("key:1", BudgetPeriod.DAY, START.date())
    read = values_of(BudgetKey._fields, columns(tables.budgets, period=WORD, scope=WORD))
    assert read(key) == (BudgetPeriod.DAY, "key:1")
