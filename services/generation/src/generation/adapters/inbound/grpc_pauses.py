"""The part of GenerationService that is about providers that are left alone."""

from typing import Any

from chassis.timestamps import to_timestamp
from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound.grpc_margins import require_staff
from generation.application.known_pauses import HeardPause, KnownPauses


class PauseAnswers:
    """Answers the one call; refusals rise as domain errors."""

    _pauses: KnownPauses

    async def ListProviderPauses(
        self, request: pb.ListProviderPausesRequest, context: Any
    ) -> pb.ListProviderPausesResponse:
        """See the contract."""
        require_staff(request.principal)
        report = self._pauses.report()
        return pb.ListProviderPausesResponse(pauses=map(_message, report.pauses), workers=report.workers)


def _message(heard: HeardPause) -> pb.ProviderPause:
    pause = heard.pause
    return pb.ProviderPause(
        provider=pause.provider,
        model_id=pause.model_id or "",
        reason=pause.reason.value,
        since=to_timestamp(pause.since),
        until=to_timestamp(pause.until),
        workers=heard.workers,
    )
