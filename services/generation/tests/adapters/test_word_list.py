"""Words that an operator lists."""

from pathlib import Path

import pytest
from generation.adapters.outbound.word_list import FILE_BYTES_MAX, BadWordList, WordList
from generation.domain.moderation import Category

LIST = """
# What nobody is to be shown.
violence: blow up
hate: Hetze*
sexual_minors: forbidden word
  nasty   # a word of the house
*爆弾*
c++
"""


@pytest.fixture
def words(tmp_path: Path) -> WordList:
    """The list above."""
    path = tmp_path / "words"
    path.write_text(LIST, encoding="utf-8")
    return WordList.read(path)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("to BLOW, up the bridge", {Category.VIOLENCE}),
        ("blow\u200b up", {Category.VIOLENCE}),
        ("na\u00adsty", {Category.OTHER}),
        ("nästy", {Category.OTHER}),
        ("ＮＡＳＴＹ", {Category.OTHER}),
        ("Hetzer und Hetze", {Category.HATE}),
        ("赤い爆弾です", {Category.OTHER}),
        ("nasty, a forbidden word", {Category.OTHER, Category.SEXUAL_MINORS}),
        ("blow upwards", set()),
        ("a blow; then up", set()),
        ("dynasty", set()),
        ("forbidden", set()),
        ("", set()),
    ],
)
async def test_whole_words_are_found(words: WordList, text: str, categories: set[Category]) -> None:
    """Whatever their case and accents; what only looks like one in the middle of another is none."""
    assert await words.refused([text]) == categories


async def test_every_text_is_read_by_itself(words: WordList) -> None:
    """A phrase does not begin in one and end in the next."""
    assert await words.refused(["blow", "up"]) == set()
    assert await words.refused(["fox", "nasty"]) == {Category.OTHER}


@pytest.mark.parametrize(
    "content", [b"crime: x", b"hate:", b"!!", b"\xff", b"a" * (FILE_BYTES_MAX + 1), None]
)
def test_a_bad_list_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    """Nothing is let through because a file is missing or mistyped."""
    path = tmp_path / "words"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadWordList):
        WordList.read(path)
