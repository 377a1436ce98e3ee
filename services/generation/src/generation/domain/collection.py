"""Jobs that their user put together under a name."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from generation.domain.errors import CollectionNotFound, InvalidInput, Violation
from generation.domain.identifiers import AccountId, CollectionId, GenerationId

NAME_LENGTH_MAX = 80
# Of one account.
COLLECTIONS_MAX = 200
# That one call puts in or takes out.
GENERATIONS_MAX = 100
# Control characters, and the two that begin another line or paragraph.
_REFUSED = {"Cc", "Zl", "Zp"}


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A name, for as many jobs as one likes; a job may be in several."""

    collection_id: CollectionId
    account_id: AccountId
    name: str
    created_at: datetime

    @classmethod
    def opened(cls, collection_id: CollectionId, account_id: AccountId, *, name: str, now: datetime) -> Self:
        """Return a new, empty one. Raises InvalidInput for a name that is none."""
        return cls(collection_id=collection_id, account_id=account_id, name=_checked(name), created_at=now)

    @property
    def name_key(self) -> str:
        """What is the same for names that differ by case alone: one account has each once."""
        return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", self.name).casefold())

    def renamed(self, name: str) -> Self:
        """Be called otherwise. Raises InvalidInput for a name that is none."""
        return replace(self, name=_checked(name))


@dataclass(frozen=True, kw_only=True)
class CollectionSummary:
    """A collection, how many jobs are in it, and the newest of them that has a picture to show."""

    collection: Collection
    generation_count: int
    cover_id: GenerationId | None


def own_collection(collection: Collection | None, account_id: AccountId) -> Collection:
    """Return the collection, if it is there and this account's. Raises CollectionNotFound."""
    if collection is None or collection.account_id != account_id:
        raise CollectionNotFound("no such collection")
    return collection


def _checked(text: str) -> str:
    """Return the name without spaces around it, its letters composed."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise InvalidInput([Violation("name", f"must be 1 to {NAME_LENGTH_MAX} characters")])
    if any(unicodedata.category(letter) in _REFUSED for letter in name):
        raise InvalidInput([Violation("name", "must hold no control characters")])
    if not any(letter.isprintable() and not letter.isspace() for letter in name):
        raise InvalidInput([Violation("name", "must hold something that can be seen")])
    return name
