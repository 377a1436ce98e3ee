"""Telling people of their webhook endpoints by identity, which knows their addresses."""

import grpc
from chassis.timestamps import to_timestamp
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, remote_calls
from gateway.domain.webhook import DisabledReason, WebhookEndpoint

_REASONS = {
    None: pb.WEBHOOK_DISABLED_REASON_UNSPECIFIED,
    DisabledReason.OWNER: pb.WEBHOOK_DISABLED_REASON_UNSPECIFIED,
    DisabledReason.GONE: pb.WEBHOOK_DISABLED_REASON_GONE,
    DisabledReason.FAILING: pb.WEBHOOK_DISABLED_REASON_FAILING,
}


class GrpcWebhookOwners:
    """Speaks to IdentityService; implements WebhookOwners."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.IdentityServiceStub(channel)

    async def tell_disabled(self, endpoint: WebhookEndpoint) -> None:
        """See WebhookOwners."""
        request = pb.TellWebhookDisabledRequest(
            user_id=endpoint.account_id,
            endpoint_id=endpoint.endpoint_id,
            host=endpoint.host,
            reason=_REASONS[endpoint.disabled_reason],
            disabled_at=to_timestamp(endpoint.disabled_at) if endpoint.disabled_at else None,
        )
        with remote_calls("identity"):
            await self._stub.TellWebhookDisabled(request, timeout=COMMAND_DEADLINE_S)
