"""Parsing of lists' fields: how much, from where, and which."""

import re
from datetime import datetime

from identity.domain.audit import AuditRecord
from identity.domain.errors import InvalidField
from identity.domain.identifiers import AuditRecordId
from identity.ports.people import RecordPlace

PAGE_MAX, PAGE_DEFAULT = 100, 20
QUERY_LENGTH_MAX = 320
TEXT_LENGTH_MAX = 500
_ID = re.compile(r"[a-z]{3,4}_[0-9a-f]{32}")
_PLACE = re.compile(r"([0-9T:.+-]{1,40})~(aud_[0-9a-f]{32})")


def page_size(number: int) -> int:
    """Return how many are wanted; raises InvalidField."""
    if not 0 <= number <= PAGE_MAX:
        raise InvalidField(f"A part has 1 to {PAGE_MAX}.", field="page_size")
    return number or PAGE_DEFAULT


def text(value: str, field: str) -> str:
    """Return a text that can be stored and compared; raises InvalidField."""
    if len(value) > TEXT_LENGTH_MAX or "\0" in value:
        raise InvalidField(f"It has at most {TEXT_LENGTH_MAX} characters, and none is NUL.", field=field)
    return value


def query(value: str) -> str | None:
    """Return what is looked for, None for everything; raises InvalidField."""
    if len(value) > QUERY_LENGTH_MAX or "\0" in value:
        raise InvalidField(f"At most {QUERY_LENGTH_MAX} characters, and none is NUL.", field="query")
    return value.strip() or None


def id_token(token: str) -> str:
    """Return the id that a part ended with; raises InvalidField."""
    if not _ID.fullmatch(token):
        raise InvalidField("That is from no part before.", field="page_token")
    return token


def place_token(last: AuditRecord) -> str:
    """Return by which the next part of the records is asked for."""
    return f"{last.occurred_at.isoformat()}~{last.record_id}"


def record_place(token: str) -> RecordPlace | None:
    """Return where a part of the records ended, None for the first; raises InvalidField."""
    if not token:
        return None
    found = _PLACE.fullmatch(token)
    try:
        occurred_at = datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        occurred_at = None
    if found is None or occurred_at is None or occurred_at.tzinfo is None:
        raise InvalidField("That is from no part before.", field="page_token")
    return RecordPlace(occurred_at, AuditRecordId(found[2]))
