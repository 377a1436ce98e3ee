"""Bounds of what a command may carry."""

import re
from urllib.parse import urlsplit

from billing.domain.errors import InvalidField
from billing.domain.identifiers import PromotionCode

TEXT_MAX = 255
URL_MAX = 2_000
WEBHOOK_MAX_BYTES = 512 * 1024
PAGE_MAX, PAGE_DEFAULT = 100, 20

_PROMOTION_CODE = re.compile(r"[A-Z0-9-]{4,40}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def require_text(field: str, value: str, *, longest: int = TEXT_MAX) -> None:
    """Raise InvalidField unless the text is there, short enough and printable."""
    if not value:
        raise InvalidField(field, "is required")
    if len(value) > longest:
        raise InvalidField(field, f"has {len(value)} characters, at most {longest} are allowed")
    if _UNPRINTABLE.search(value):
        raise InvalidField(field, "must not hold control characters")


def require_same_origin(field: str, url: str, origin_url: str) -> None:
    """Raise InvalidField unless the address is on our own origin: no open redirect through a payment."""
    require_text(field, url, longest=URL_MAX)
    wanted = urlsplit(origin_url)
    try:
        given = urlsplit(url)
    except ValueError as failure:
        raise InvalidField(field, "is no address") from failure
    if (given.scheme, given.netloc) != (wanted.scheme, wanted.netloc):
        raise InvalidField(field, f"must begin with {wanted.scheme}://{wanted.netloc}/")


def promotion_code(text: str) -> PromotionCode:
    """Return a code as it is kept, in capitals. Raises InvalidField for what no code can be."""
    code = text.strip().upper()
    if not _PROMOTION_CODE.fullmatch(code):
        raise InvalidField("code", "must be 4 to 40 letters of A to Z, digits or -")
    return PromotionCode(code)


def page_size(value: int) -> int:
    """Return how many rows to list: the default for 0. Raises InvalidField past the maximum."""
    if value == 0:
        return PAGE_DEFAULT
    if not 1 <= value <= PAGE_MAX:
        raise InvalidField("page_size", f"must be from 1 to {PAGE_MAX}, not {value}")
    return value
