"""`/usage`: every try that a person's generations were, filtered, and as a file."""

import re
from asyncio import gather
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.console.templates import zone_of
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.library_filter import MODEL_LENGTH_MAX
from gateway.adapters.inbound.rest.usage import KEY_PATTERN
from gateway.domain.identifiers import ApiKeyId, ModelId
from gateway.domain.usage import (
    EVERY_TRY,
    NO_KEY,
    AttemptOutcome,
    UsageFilter,
    UsageGroup,
    UsageGrouping,
)
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
PAGE_SIZE = 50
OUTCOMES: Mapping[AttemptOutcome, str] = {
    AttemptOutcome.SUCCEEDED: gettext_noop("succeeded"),
    AttemptOutcome.FAILED: gettext_noop("failed"),
    AttemptOutcome.CANCELLED: gettext_noop("cancelled"),
    AttemptOutcome.LOST: gettext_noop("lost"),
    AttemptOutcome.RUNNING: gettext_noop("running"),
}
Word = Annotated[str, Query(max_length=MODEL_LENGTH_MAX)]
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class UsageQuery:
    """The form as it was sent; what no form says is read as if it were not there."""

    model: str = ""
    outcome: str = ""
    key: str = ""
    first_day: date | None = None
    last_day: date | None = None

    def wanted(self, zone: tzinfo) -> UsageFilter:
        """Return what is meant, by the person's own calendar."""
        since, until = _midnight(self.first_day, zone), _midnight(self.last_day, zone, after=DAY)
        if since and until and since >= until:
            until = None
        return UsageFilter(
            model_id=ModelId(self.model) if self.model else None,
            outcomes=(AttemptOutcome(self.outcome),) if self.outcome in list(AttemptOutcome) else (),
            started_from=since,
            started_before=until,
            api_key_id=ApiKeyId(self.key) if self.key else None,
        )

    def address(self, **more: str) -> str:
        """Return the address of this page, or of another part of it."""
        told = {
            "model": self.model,
            "outcome": self.outcome,
            "key": self.key,
            "from": self.first_day.isoformat() if self.first_day else "",
            "to": self.last_day.isoformat() if self.last_day else "",
            **more,
        }
        query = urlencode({name: value for name, value in told.items() if value})
        return f"/usage?{query}" if query else "/usage"


@router.get("/usage", dependencies=[per_user(Limit.READS)])
async def usage(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    model: Word = "",
    outcome: Word = "",
    key: Word = "",
    first_day: Annotated[str, Query(alias="from", max_length=32)] = "",
    last_day: Annotated[str, Query(alias="to", max_length=32)] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Show a part of the tries that the form admits, newest first."""
    query = UsageQuery(
        model=model.replace("\x00", ""),
        outcome=outcome,
        key=key if re.fullmatch(KEY_PATTERN, key) else "",
        first_day=_day(first_day),
        last_day=_day(last_day),
    )
    wanted = query.wanted(zone_of(request))
    page, keys = await gather(
        deps.usage_log.tries(session.user_id, wanted, cursor=cursor, limit=PAGE_SIZE),
        # Of whatever else is chosen: so that each can be chosen from it.
        deps.usage_log.grouped(session.user_id, replace(wanted, api_key_id=None), by={UsageGrouping.KEY}),
    )
    return await show(
        request,
        "usage_log.html",
        session=session,
        tries=page.items,
        next_cursor=page.next_cursor,
        is_first=cursor is None,
        query=query,
        is_filtered=wanted != EVERY_TRY,
        models={each.model_id: each.title for each in await deps.generations.models()},
        outcomes=OUTCOMES,
        keys=_keys(keys),
        names=_names(keys, query.key),
        file=_file(wanted),
    )


def _keys(groups: Sequence[UsageGroup]) -> Sequence[UsageGroup]:
    """Return what to show by key: nothing to who never used one."""
    return groups if any(group.api_key_id != NO_KEY for group in groups) else ()


def _names(groups: Sequence[UsageGroup], chosen: str) -> Mapping[str, str | None]:
    """Return what keys are called, also the chosen one of which nothing is known; None for no key."""
    names = {group.api_key_id or "": group.api_key_name or group.api_key_id for group in _keys(groups)}
    if chosen:
        names.setdefault(chosen, chosen)
    return {key_id: None if key_id == NO_KEY else name for key_id, name in names.items()}


def _file(wanted: UsageFilter) -> str:
    """Return the address of all that a filter admits, as a table."""
    told = [("format", "csv")]
    told += [("model", wanted.model_id)] if wanted.model_id else []
    told += [("outcome", outcome) for outcome in wanted.outcomes]
    told += [("key", wanted.api_key_id)] if wanted.api_key_id else []
    told += [("from", wanted.started_from.isoformat())] if wanted.started_from else []
    told += [("to", wanted.started_before.isoformat())] if wanted.started_before else []
    return f"/v1/usage?{urlencode(told)}"


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Far enough from both ends of the calendar for a day and a zone more.
    return day if 1970 <= day.year <= 9000 else None


def _midnight(day: date | None, zone: tzinfo, *, after: timedelta = timedelta()) -> datetime | None:
    return datetime.combine(day + after, time(), zone).astimezone(UTC) if day else None
