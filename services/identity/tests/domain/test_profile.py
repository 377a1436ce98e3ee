"""What people may say about themselves."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from identity.domain.errors import InvalidField
from identity.domain.identifiers import UserId
from identity.domain.profile import with_profile
from identity.domain.user import EmailAddress, User

ADA = User(
    user_id=UserId("usr_ada"),
    email=EmailAddress("ada@example.com"),
    password_hash=None,
    full_name="Ada",
    avatar_url="https://example.com/ada.png",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_what_is_not_named_stays() -> None:
    """Only what was sent changes."""
    assert with_profile(ADA) == ADA


def test_the_name_is_tidied() -> None:
    """Stray whitespace is not part of a name."""
    assert with_profile(ADA, full_name="  Ada \n King ").full_name == "Ada King"


def test_none_removes_the_avatar() -> None:
    """And leaves the name."""
    assert with_profile(ADA, avatar_url=None) == replace(ADA, avatar_url=None)


@pytest.mark.parametrize("name", ["x" * 201, "Ada\x00", "Ada\u202egnp.exe"])
def test_names_that_are_refused(name: str) -> None:
    """Too long, or with characters that change how other text shows."""
    with pytest.raises(InvalidField) as refused:
        with_profile(ADA, full_name=name)
    assert refused.value.field == "full_name"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.com/a.png",
        "javascript:alert(1)",
        "https://",
        "https:///a.png",
        "https://user:secret@example.com/a.png",
        "https://example.com/a b.png",
        "https://example.com/\n",
        "https://[::1/a.png",
        "//example.com/a.png",
        "https://example.com/" + "x" * 2048,
    ],
)
def test_avatars_that_are_refused(url: str) -> None:
    """Anything but a plain https URL."""
    with pytest.raises(InvalidField) as refused:
        with_profile(ADA, avatar_url=url)
    assert refused.value.field == "avatar_url"
