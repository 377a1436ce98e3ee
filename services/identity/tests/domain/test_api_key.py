"""What a key looks like, and what it may be."""

import re
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from identity.domain.api_key import ApiKeyTerms, Scope, hint_of, key_text, require_sound
from identity.domain.errors import InvalidField

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_a_scanner_knows_a_key() -> None:
    """By its beginning and its checksum, without asking anybody; a typing error is none."""
    text = key_text("s" * 43)
    assert re.fullmatch(r"tt_live_[A-Za-z0-9_-]{43}[A-Za-z0-9]{6}", text)
    checksum = 0
    for digit in text[-6:]:
        checksum = checksum * 62 + DIGITS.index(digit)
    assert checksum == zlib.crc32(b"s" * 43)
    assert key_text("t" + "s" * 42)[-6:] != text[-6:]


def test_what_is_shown_of_it_later_is_none_of_its_secret() -> None:
    """Four characters of the checksum."""
    text = key_text("s" * 43)
    assert hint_of(text) == text[-4:]
    assert len(hint_of(text)) == 4


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"name": "x" * 100},
        {"model_ids": ("openai/chat",)},
        {"expires_at": NOW + timedelta(microseconds=1)},
        {"monthly_credits_max": 1},
        {"monthly_credits_max": 1_000_000_000},
    ],
)
def test_sound_terms(terms: dict[str, Any]) -> None:
    """At their bounds too."""
    require_sound(ApiKeyTerms(**{"name": "Shop", "scopes": frozenset(Scope)} | terms), NOW)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\nb"),
        ("scopes", frozenset()),
        ("model_ids", ("",)),
        ("model_ids", ("a\0",)),
        ("model_ids", ("x" * 201,)),
        ("model_ids", tuple(map(str, range(51)))),
        ("expires_at", NOW),
        ("monthly_credits_max", 0),
        ("monthly_credits_max", 1_000_000_001),
    ],
)
def test_the_field_that_is_wrong_is_named(field: str, value: object) -> None:
    """Before anything is kept."""
    terms = ApiKeyTerms(**{"name": "Shop", "scopes": frozenset(Scope), field: value})  # type: ignore[arg-type]
    with pytest.raises(InvalidField) as refused:
        require_sound(terms, NOW)
    assert refused.value.field == field
