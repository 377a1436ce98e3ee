"""Stripe's lists: by the time of creation, newest first, with the payment that each item is about."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import stripe
import structlog

from billing.domain.listing import Listing

PAGE_MAX = 100

log = structlog.get_logger(__name__)
S = TypeVar("S", bound=Any)
T = TypeVar("T")


def asked_since(since: datetime, after: str | None, *expanded: str) -> Any:
    """Return the parameters of one page, whose items come with these objects that they name."""
    asked: dict[str, Any] = {"created": {"gte": int(since.timestamp())}, "limit": PAGE_MAX}
    asked |= {"expand": [f"data.{field}" for field in expanded]} if expanded else {}
    return asked | ({"starting_after": after} if after else {})


def listing(page: stripe.ListObject[S], seen: Callable[[S], T | None]) -> Listing[T]:
    """Return a page in our words, without what means nothing to us.

    What can't be read is told in the log and left out: it stops none of the others.
    """
    items: list[T] = []
    for listed in page.data:
        try:
            answer = seen(listed)
            items += [] if answer is None else [answer]
        except (AttributeError, KeyError, TypeError, ValueError) as failure:
            log.error(
                "stripe lists what can't be read", object=getattr(listed, "id", None), error=repr(failure)
            )
    return Listing(items=items, next_after=page.data[-1].id if page.has_more and page.data else None)
