"""Words are found as people type them, in any script."""

import pytest
from generation.domain.library_filter import EVERY_JOB, LibraryFilter, search_text, search_words
from generation_rows import job


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("prompt", "typed"),
    [
        ("A red fox", "RED"),
        ("A red fox", "fox a"),
        ("waterfall at dusk", "terfal"),
        ("Füchse im Schnee", "fuchse"),
        ("fuchse im schnee", "FÜCHSE"),
        ("Große Straße", "strasse"),
        ("cafe\u0301 at night", "caf\u00e9"),
        ("Ёлка и лёд", "елка лед"),
        ("夜の海辺の灯台", "海辺"),
        ("ｆｏｘ", "fox"),
        ("หมาป่าในป่า", "ป่า"),
        ("أسد في الصحراء", "الصحراء"),
        ("100% wool_yarn \\ thread", "100% wool_ \\"),
    ],
)
def test_a_word_is_found(prompt: str, typed: str) -> None:
    """A part of a word will do; order, case, accents and width don't matter."""
    wanted = LibraryFilter(words=search_words(typed))
    assert wanted.admits(job(input={"prompt": prompt}))


@pytest.mark.parametrize(
    ("prompt", "typed"),
    [
        ("a red fox", "blue"),
        ("a red fox", "red wolf"),
        ("a red fox", "re%fox"),
        ("a red fox", "f_x"),
        ("หมาป่า", "หมู"),
        ("夜の海", "山"),
    ],
)
def test_another_word_is_not(prompt: str, typed: str) -> None:
    """Every word has to be there; nothing that is typed is a pattern."""
    wanted = LibraryFilter(words=search_words(typed))
    assert not wanted.admits(job(input={"prompt": prompt}))


def test_only_what_was_asked_for_is_searched() -> None:
    """Other inputs are not, nor is a prompt that is no text."""
    assert search_text({"ratio": "16:9", "seed": 5}) == ""
    assert search_text({"prompt": ["fox"]}) == ""
    assert search_words("  ") == ()
    assert search_words("fox FOX") == ("fox",)
    assert EVERY_JOB.admits(job(input={}))
