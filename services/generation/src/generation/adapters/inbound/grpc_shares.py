"""The part of GenerationService that is about links."""

from dataclasses import dataclass
from typing import Any

from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound import fields, messages
from generation.application.create_share import CreateShare, CreateShareHandler
from generation.application.read_shares import ReadShares
from generation.application.withdraw_share import WithdrawShare, WithdrawShareHandler


@dataclass(frozen=True)
class ShareHandlers:
    """The use cases of links."""

    create: CreateShareHandler
    read: ReadShares
    withdraw: WithdrawShareHandler


class ShareAnswers:
    """Answers the four calls; refusals rise as domain errors."""

    _shares: ShareHandlers

    async def CreateShare(self, request: pb.CreateShareRequest, context: Any) -> pb.CreateShareResponse:
        """See the contract."""
        share, token = await self._shares.create(
            CreateShare(
                account_id=fields.account_id(request.account_id),
                generation_id=fields.generation_id(request.generation_id),
                lifetime_s=request.lifetime_s,
                shows_prompt=request.shows_prompt,
            )
        )
        return pb.CreateShareResponse(share=messages.SHARE.message(share), token=token)

    async def ListShares(self, request: pb.ListSharesRequest, context: Any) -> pb.ListSharesResponse:
        """See the contract."""
        shares = await self._shares.read.of(
            fields.account_id(request.account_id), fields.generation_id(request.generation_id)
        )
        return pb.ListSharesResponse(shares=[messages.SHARE.message(share) for share in shares])

    async def WithdrawShare(self, request: pb.WithdrawShareRequest, context: Any) -> pb.WithdrawShareResponse:
        """See the contract."""
        await self._shares.withdraw(
            WithdrawShare(
                account_id=fields.account_id(request.account_id),
                generation_id=fields.generation_id(request.generation_id),
                share_id=fields.share_id(request.share_id),
            )
        )
        return pb.WithdrawShareResponse()

    async def GetShared(self, request: pb.GetSharedRequest, context: Any) -> pb.GetSharedResponse:
        """See the contract."""
        return messages.shared_message(await self._shares.read.opened(fields.share_token(request.token)))
