"""The chassis holds mechanisms: what the product is about is no word of it."""

import re

import pytest
from source import ROOT

CHASSIS = ROOT / "libs" / "chassis" / "src" / "chassis"
NOUN = re.compile(r"credit|generation|checkout|payment|refund|reservation|invoice|\blots?\b", re.IGNORECASE)


def nouns(text: str) -> list[tuple[int, str]]:
    """The product's nouns in a file, by line."""
    return [
        (number, found[0])
        for number, line in enumerate(text.splitlines(), 1)
        for found in NOUN.finditer(line)
    ]


def test_no_noun_of_the_product_stands_in_it() -> None:
    """Neither in a name nor in an example: what needs one belongs to a service."""
    files = sorted(CHASSIS.rglob("*.py"))
    assert len(files) > 20
    found = {str(path.relative_to(ROOT)): nouns(path.read_text()) for path in files}
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize("line", ["amount_credits = 1", "class PaymentCompleted:", "# the lots that pay"])
def test_a_noun_is_found_wherever_it_stands(line: str) -> None:
    """Inside of other words too."""
    assert nouns(line)


def test_words_that_only_look_alike_are_none() -> None:
    """A slot is no lot."""
    assert not nouns("slots, allotted, plot")
