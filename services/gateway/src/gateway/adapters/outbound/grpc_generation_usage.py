"""The part of generation over gRPC that is about what tries came to."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import grpc
from chassis.timestamps import to_timestamp
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as rpc

from gateway.adapters.outbound import generation_messages as messages
from gateway.adapters.outbound.principal_message import principal
from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import READ_DEADLINE_S, remote_calls
from gateway.domain.administration import Actor
from gateway.domain.identifiers import AccountId
from gateway.domain.margin import Margin, MarginGrouping
from gateway.domain.page import Page
from gateway.domain.provider_pause import PauseReport, ProviderPause
from gateway.domain.usage import AttemptUsage, UsageFilter, UsageGroup, UsageGrouping


class GrpcUsageLog:
    """Speaks to GenerationService; implements UsageLog."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.GenerationServiceStub(channel)

    async def tries(
        self, account_id: AccountId, wanted: UsageFilter, *, cursor: str | None, limit: int
    ) -> Page[AttemptUsage]:
        """See UsageLog."""
        request = pb.ListUsageRequest(
            account_id=account_id, filter=_filter(wanted), page_size=limit, page_token=cursor or ""
        )
        with remote_calls("generation"):
            answer = await self._stub.ListUsage(request, timeout=READ_DEADLINE_S)
        items = [messages.attempt_usage(each) for each in answer.usage]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def grouped(
        self, account_id: AccountId, wanted: UsageFilter, *, by: Collection[UsageGrouping]
    ) -> Sequence[UsageGroup]:
        """See UsageLog."""
        request = pb.GroupUsageRequest(account_id=account_id, filter=_filter(wanted), group_by=sorted(by))
        with remote_calls("generation"):
            answer = await self._stub.GroupUsage(request, timeout=READ_DEADLINE_S)
        return [messages.usage_group(group) for group in answer.groups]

    async def margins(
        self,
        actor: Actor,
        *,
        since: datetime | None,
        until: datetime | None,
        by: Collection[MarginGrouping],
    ) -> Sequence[Margin]:
        """See UsageLog."""
        request = pb.GroupMarginsRequest(
            principal=principal(actor),
            started_from=to_timestamp(since),
            started_before=to_timestamp(until),
            group_by=sorted(by),
        )
        with remote_calls("generation"):
            answer = await self._stub.GroupMargins(request, timeout=READ_DEADLINE_S)
        return [_margin(margin) for margin in answer.margins]

    async def pauses(self, actor: Actor) -> PauseReport:
        """See UsageLog."""
        request = pb.ListProviderPausesRequest(principal=principal(actor))
        with remote_calls("generation"):
            answer = await self._stub.ListProviderPauses(request, timeout=READ_DEADLINE_S)
        return PauseReport(workers=answer.workers, pauses=[_pause(pause) for pause in answer.pauses])


def _day(text: str) -> date:
    return date.fromisoformat(text)


_pause = reader(pb.ProviderPause, ProviderPause)
_margin = reader(pb.Margin, Margin, values={"day": _day})


def _filter(wanted: UsageFilter) -> pb.UsageFilter:
    return pb.UsageFilter(
        model_id=wanted.model_id or "",
        provider=wanted.provider or "",
        outcomes=wanted.outcomes,
        started_from=to_timestamp(wanted.started_from),
        started_before=to_timestamp(wanted.started_before),
        api_key_id=wanted.api_key_id or "",
    )
