"""Documents that users send: their bounds, from both sides, and the one form that is hashed."""

from hashlib import sha256
from typing import Any

import pytest
from generation.domain.documents import canonical, digest, metadata_violations, violations
from generation.domain.errors import Violation


def nested(levels: int) -> dict[str, Any]:
    """A document with so many levels below its own."""
    document: dict[str, Any] = {"end": 1}
    for _ in range(levels - 1):
        document = {"a": document}
    return document


def test_the_canonical_form_is_sorted_without_blanks_in_utf_8() -> None:
    """Whatever order the keys came in."""
    document = {"b": [1, 2.5], "a": {"ü": None, "d": True}}
    assert canonical(document) == '{"a":{"d":true,"ü":null},"b":[1,2.5]}'.encode()
    assert digest(document) == sha256(canonical(document)).hexdigest()


def test_five_levels_are_allowed_and_six_are_not() -> None:
    """Lists count as objects do; the place is named."""
    assert violations(nested(5)) == []
    [found] = violations(nested(6))
    assert found == Violation("a.a.a.a.a.end", "is nested deeper than 5 levels")
    assert violations({"a": [[[[1]]]]}) == []
    [found] = violations({"a": [[[[[1]]]]]}, field="input")
    assert found.field == "input.a[0][0][0][0][0]"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        (2**53, True),
        (-(2**53), True),
        (2**53 + 1, False),
        (-(2**53) - 1, False),
        (float("inf"), False),
        (float("-inf"), False),
        (float("nan"), False),
        (0, True),
        (0.5, True),
        (True, True),
        (None, True),
        ("", True),
    ],
)
def test_numbers_are_finite_and_in_range(value: object, is_good: bool) -> None:
    """The bound itself is in it."""
    expected = [] if is_good else [Violation("a", "is not a number in range")]
    assert violations({"a": value}) == expected


def test_no_nul_character_in_texts_and_names() -> None:
    """PostgreSQL takes none. What lies below a bad name is not looked at; everything else is."""
    assert violations({"a": "x\x00", "b": ["\x00"]}) == [
        Violation("a", "has a NUL character"),
        Violation("b[0]", "has a NUL character"),
    ]
    assert violations({"\x00": "\x00", "b": {"c\x00": 1}}) == [
        Violation("input", "has a name with a NUL character"),
        Violation("b", "has a name with a NUL character"),
    ]
    assert violations({"\x00": 1}, field="metadata") == [
        Violation("metadata", "has a name with a NUL character")
    ]


def test_metadata_has_4096_bytes_in_its_canonical_form() -> None:
    """Bytes, not characters; and the other bounds as every document."""
    around = len(canonical({"a": ""}))
    assert metadata_violations({"a": "x" * (4096 - around)}) == []
    [found] = metadata_violations({"a": "x" * (4097 - around)})
    assert found == Violation("metadata", "is larger than 4096 bytes")
    assert metadata_violations({"a": "ü" * ((4096 - around) // 2 + 1)}) == [found]
    assert metadata_violations({"a": float("nan")}) == [Violation("metadata.a", "is not a number in range")]


def test_a_broken_document_is_not_measured() -> None:
    """One reason is enough: what can't be kept has no size."""
    assert [found.field for found in metadata_violations({"a": "\x00" + "x" * 5000})] == ["metadata.a"]
