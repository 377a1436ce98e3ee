"""Columns as PostgreSQL reads them: whatever a text holds comes back as it was."""

from collections.abc import Iterator

import psycopg
import pytest
from embedded.memory_only import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger.adapters.outbound.postgres.array_literals import LINK, NOTE, TEXT, texts

pytestmark = pytest.mark.server

# PostgreSQL's texts hold any character but NUL.
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
AWKWARD = st.sampled_from(["", '"', '""', '","', "\\", "NULL", "{", "}", ",", " ", "ü", "a\nb"]) | ANY_TEXT


@pytest.fixture(scope="module")
def admin(postgres_server: str) -> Iterator[psycopg.Connection]:
    """A connection to any database."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        yield connection


@settings(max_examples=examples(300), deadline=None)
@given(values=st.lists(AWKWARD, max_size=6))
def test_texts_come_back_as_they_were(admin: psycopg.Connection, values: list[str]) -> None:
    """Quotes, backslashes, commas, braces and the word NULL are only characters."""
    assert _read(admin, texts(values)) == values
    assert _read(admin, LINK.array(values)) == [value or None for value in values]


@settings(max_examples=examples(100), deadline=None)
@given(values=st.lists(st.none() | AWKWARD, min_size=1, max_size=6))
def test_no_text_is_not_an_empty_text(admin: psycopg.Connection, values: list[str | None]) -> None:
    """NULL stays NULL, and empty stays empty."""
    assert _read(admin, TEXT.array(values)) == values


@settings(max_examples=examples(100), deadline=None)
@given(values=st.lists(st.none() | AWKWARD.filter(bool), min_size=1, max_size=6))
def test_what_is_absent_is_null_or_empty(admin: psycopg.Connection, values: list[str | None]) -> None:
    """A link is NULL then, a note is empty, alone and among others."""
    assert _read(admin, LINK.array(values)) == values
    assert _read(admin, NOTE.array(values)) == [value or "" for value in values]
    assert [LINK.alone(value) for value in values] == values
    assert [NOTE.alone(value) for value in values] == [value or "" for value in values]


def _read(admin: psycopg.Connection, literal: str) -> list[str | None]:
    row = admin.execute("SELECT %s::text[]", (literal,)).fetchone()
    assert row is not None
    found: list[str | None] = row[0]
    return found
