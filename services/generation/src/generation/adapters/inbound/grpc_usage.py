"""The part of GenerationService that is about what tries came to."""

import re
from typing import Any

from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound import fields
from generation.adapters.inbound.listing import filter_mark, span
from generation.adapters.inbound.named_fields import Named
from generation.application.read_usage import ReadUsage
from generation.domain.attempt import Outcome
from generation.domain.errors import InvalidInput, Violation
from generation.domain.identifiers import ApiKeyId, AttemptId
from generation.domain.usage import (
    AttemptUsage,
    Grouping,
    ModelUsage,
    UsageFilter,
    UsageGroup,
    groupings,
)

PROVIDER_LENGTH_MAX = 32
KEY_LENGTH_MAX = 64
_ATTEMPT = re.compile(r"att_[0-9a-f]{32}")
PERIOD = Named(pb.ModelUsage, ModelUsage)
USAGE = Named(pb.AttemptUsage, AttemptUsage)
GROUP = Named(pb.UsageGroup, UsageGroup, made={"day"})


class UsageAnswers:
    """Answers the three calls; refusals rise as domain errors."""

    _usage: ReadUsage

    async def SummarizeUsage(
        self, request: pb.SummarizeUsageRequest, context: Any
    ) -> pb.SummarizeUsageResponse:
        """See the contract."""
        usage = await self._usage.by_period(
            fields.account_id(request.account_id), bounds=fields.bounds(request.bounds)
        )
        return pb.SummarizeUsageResponse(usage=[PERIOD.message(each) for each in usage])

    async def ListUsage(self, request: pb.ListUsageRequest, context: Any) -> pb.ListUsageResponse:
        """See the contract."""
        account_id, wanted = fields.account_id(request.account_id), _filter(request.filter)
        tries, following = await self._usage.page(
            account_id,
            wanted=wanted,
            before=_page_start(request.page_token, wanted),
            limit=fields.page_size(request.page_size),
        )
        return pb.ListUsageResponse(
            usage=[USAGE.message(each) for each in tries],
            next_page_token=fields.page_token(f"{following}.{_mark(wanted)}") if following else "",
        )

    async def GroupUsage(self, request: pb.GroupUsageRequest, context: Any) -> pb.GroupUsageResponse:
        """See the contract."""
        try:
            by = groupings(request.group_by)
        except ValueError as error:
            raise _unknown("group_by", Grouping) from error
        groups = await self._usage.grouped(
            fields.account_id(request.account_id), wanted=_filter(request.filter), by=by
        )
        return pb.GroupUsageResponse(
            groups=[GROUP.message(each, day=each.day.isoformat() if each.day else None) for each in groups]
        )


def _filter(told: pb.UsageFilter) -> UsageFilter:
    """Return what is meant. Raises InvalidInput, naming the field."""
    started_from, started_before = span(told, "started_from", "started_before")
    try:
        outcomes = frozenset(Outcome(word) for word in told.outcomes)
    except ValueError as error:
        raise _unknown("outcomes", Outcome) from error
    return UsageFilter(
        model_id=fields.model_id(told.model_id.replace("\0", "")) if told.model_id else None,
        provider=told.provider[:PROVIDER_LENGTH_MAX].replace("\0", "") or None,
        outcomes=outcomes,
        started_from=started_from,
        started_before=started_before,
        api_key_id=ApiKeyId(told.api_key_id[:KEY_LENGTH_MAX].replace("\0", "")) or None,
    )


def _mark(wanted: UsageFilter) -> str:
    return filter_mark({**vars(wanted), "outcomes": sorted(wanted.outcomes)})


def _page_start(token: str, wanted: UsageFilter) -> AttemptId | None:
    if not token:
        return None
    place, _, mark = fields.page_place(token).partition(".")
    if not _ATTEMPT.fullmatch(place):
        raise fields.not_from_a_page()
    if mark != _mark(wanted):
        raise InvalidInput([Violation("page_token", "is from a list with other filters; begin without it")])
    return AttemptId(place)


def _unknown(field: str, words: type[Outcome] | type[Grouping]) -> InvalidInput:
    return InvalidInput([Violation(field, f"holds another word than {', '.join(words)}")])
