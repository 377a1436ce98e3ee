"""The part of IdentityService that is about the end of accounts."""

from dataclasses import dataclass
from typing import Any

from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound.messages import user_message
from identity.application.request_erasure import RequestErasureHandler
from identity.application.take_back_erasure import TakeBackErasureHandler


@dataclass(frozen=True)
class ErasureHandlers:
    """The use cases of a person who leaves, or stays after all."""

    request: RequestErasureHandler
    take_back: TakeBackErasureHandler


class ErasureAnswers:
    """Answers both calls; refusals rise as domain errors."""

    _erasure: ErasureHandlers

    async def RequestErasure(
        self, request: pb.RequestErasureRequest, context: Any
    ) -> pb.RequestErasureResponse:
        """See the contract."""
        user = await self._erasure.request(fields.user_id(request.user_id))
        return pb.RequestErasureResponse(user=user_message(user))

    async def TakeBackErasure(
        self, request: pb.TakeBackErasureRequest, context: Any
    ) -> pb.TakeBackErasureResponse:
        """See the contract."""
        user = await self._erasure.take_back(fields.user_id(request.user_id))
        return pb.TakeBackErasureResponse(user=user_message(user))
