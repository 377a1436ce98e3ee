"""The rules of what people say about themselves."""

from dataclasses import replace
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from identity.domain.errors import InvalidField
from identity.domain.user import User

FULL_NAME_LENGTH_MAX = 200
AVATAR_URL_LENGTH_MAX = 2048


class Unchanged(Enum):
    """What is said of a field that stays as it is, where None would say that there is none."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


def checked_full_name(full_name: str) -> str:
    """Return the name with single spaces between its words; may be empty."""
    if not all(character.isprintable() or character.isspace() for character in full_name):
        raise InvalidField("The name may not contain control characters.", field="full_name")
    name = " ".join(full_name.split())
    if len(name) > FULL_NAME_LENGTH_MAX:
        raise InvalidField(f"The name may have at most {FULL_NAME_LENGTH_MAX} characters.", field="full_name")
    return name


def shortened_full_name(full_name: str | None) -> str:
    """Return a name that others say of a person, as far as it can be one here; may be empty."""
    shown = "".join(character if character.isprintable() else " " for character in full_name or "")
    return " ".join(shown.split())[:FULL_NAME_LENGTH_MAX].strip()


def checked_avatar_url(avatar_url: str) -> str:
    """Return an https URL with a host and no credentials."""
    if not _is_plain_https(avatar_url):
        raise InvalidField("The avatar must be an https:// URL.", field="avatar_url")
    return avatar_url


def _is_plain_https(url: str) -> bool:
    if len(url) > AVATAR_URL_LENGTH_MAX or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def with_profile(
    user: User, *, full_name: str | Unchanged = UNCHANGED, avatar_url: str | Unchanged | None = UNCHANGED
) -> User:
    """Return the user with a changed profile; raises InvalidField."""
    if full_name is not UNCHANGED:
        user = replace(user, full_name=checked_full_name(full_name))
    if avatar_url is not UNCHANGED:
        user = replace(user, avatar_url=None if avatar_url is None else checked_avatar_url(avatar_url))
    return user
