"""Credits by category, from the ledger's message to the public answer."""

from gateway.adapters.inbound.rest.answers.balance import Balance, CreditsByCategory
from gateway.adapters.outbound import ledger_messages
from gateway.domain.credits import Category
from tintype.ledger.v1 import ledger_pb2 as pb

NEWER = 99


def test_the_contract_has_the_same_categories() -> None:
    """Each of the ledger's categories is one here, and is shown."""
    assert ledger_messages.CATEGORIES.keys() | {pb.CATEGORY_UNSPECIFIED} == set(pb.Category.values())
    assert CreditsByCategory.model_fields.keys() == {category.value for category in Category}


def test_every_category_is_shown() -> None:
    """As documented: those without credits too."""
    told = pb.Balance(available=4, by_category={pb.CATEGORY_PAID: 4})
    shown = Balance.of(ledger_messages.balance(told)).model_dump(mode="json")
    assert shown["by_category"] == {"subscription": 0, "promotional": 0, "paid": 4}


def test_a_category_that_is_newer_is_counted_as_no_other() -> None:
    """Its credits can be spent, and are no other's."""
    told = pb.Balance(available=7, by_category={pb.CATEGORY_PAID: 4, NEWER: 3})
    shown = Balance.of(ledger_messages.balance(told)).model_dump(mode="json")
    assert shown["available"] == 7
    assert shown["by_category"] == {"subscription": 0, "promotional": 0, "paid": 4}
    assert ledger_messages.entry(pb.Entry(kind=pb.ENTRY_KIND_GRANT, category=NEWER)).category is None
