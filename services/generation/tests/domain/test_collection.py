"""What a collection may be called, and which names are the same."""

from datetime import UTC, datetime

import pytest
from generation.domain.collection import Collection, own_collection
from generation.domain.errors import CollectionNotFound, InvalidInput
from generation.domain.identifiers import AccountId, CollectionId

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALICE = AccountId("usr_alice")


def named(name: str) -> Collection:
    """A collection of Alice's."""
    return Collection.opened(CollectionId("col_1"), ALICE, name=name, now=NOW)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Album covers", "Album covers"),
        ("  Album covers\t", "Album covers"),
        ("x", "x"),
        ("x" * 80, "x" * 80),
        (f" {'x' * 80} ", "x" * 80),
        ("灯台", "灯台"),
        ("Fu\u0308chse", "F\u00fcchse"),
        ("\U0001f468\u200d\U0001f3a8", "\U0001f468\u200d\U0001f3a8"),
    ],
)
def test_a_name_is_kept_without_what_stands_around_it(written: str, kept: str) -> None:
    """Its letters composed; nothing else of it changes, also when it is given later."""
    assert named(written).name == kept
    assert named("another").renamed(written).name == kept


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "name", ["", "   ", "x" * 81, "a\nb", "a\x00b", "a\x7fb", "a\u2028b", "\u200b", "\u200d\u200d"]
)
def test_what_is_no_name_is_refused_by_its_field(name: str) -> None:
    """Empty, too long, of several lines, or nothing that anybody sees."""
    for refused in (named, named("before").renamed):
        with pytest.raises(InvalidInput) as error:
            refused(name)
        assert list(error.value.field_violations) == ["name"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Album covers", "ALBUM COVERS", True),
        ("Straße", "STRASSE", True),
        ("\uff21lbum", "album", True),
        ("Fuchs", "Füchse", False),
        ("Album covers", "Album  covers", False),
    ],
)
def test_names_that_differ_by_case_alone_are_the_same(one: str, other: str, is_same: bool) -> None:
    """Accents and words tell them apart."""
    assert (named(one).name_key == named(other).name_key) is is_same


def test_nobody_elses_is_there() -> None:
    """As if it were not there at all."""
    mine = named("mine")
    assert own_collection(mine, ALICE) is mine
    for found, account in ((mine, AccountId("usr_bob")), (None, ALICE)):
        with pytest.raises(CollectionNotFound):
            own_collection(found, account)
