"""The part of IdentityService that is about a person's address."""

from dataclasses import dataclass
from typing import Any

from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound.messages import user_message
from identity.application.change_email import ChangeEmail, ChangeEmailHandler
from identity.application.keep_email import KeepEmail, KeepEmailHandler
from identity.application.request_email_change import RequestEmailChange, RequestEmailChangeHandler


@dataclass(frozen=True)
class AddressHandlers:
    """The use cases of an address that changes."""

    request: RequestEmailChangeHandler
    change: ChangeEmailHandler
    keep: KeepEmailHandler


class AddressAnswers:
    """Answers the three calls; refusals rise as domain errors."""

    _addresses: AddressHandlers

    async def RequestEmailChange(
        self, request: pb.RequestEmailChangeRequest, context: Any
    ) -> pb.RequestEmailChangeResponse:
        """See the contract."""
        await self._addresses.request(
            RequestEmailChange(
                user_id=fields.user_id(request.user_id),
                new_email=fields.email_address(request.email),
                password=fields.proving_password(request.password),
                client_address=fields.client_address(request.client_address),
            )
        )
        return pb.RequestEmailChangeResponse()

    async def ChangeEmail(self, request: pb.ChangeEmailRequest, context: Any) -> pb.ChangeEmailResponse:
        """See the contract."""
        user = await self._addresses.change(ChangeEmail(fields.secret(request.token)))
        return pb.ChangeEmailResponse(user=user_message(user))

    async def KeepEmail(self, request: pb.KeepEmailRequest, context: Any) -> pb.KeepEmailResponse:
        """See the contract."""
        user = await self._addresses.keep(KeepEmail(fields.secret(request.token)))
        return pb.KeepEmailResponse(user=user_message(user))
