"""The part of IdentityService that is about second factors."""

from dataclasses import dataclass
from typing import Any

from chassis.timestamps import to_timestamp
from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound.messages import session_message, user_message
from identity.application.begin_second_factor import BeginSecondFactor, BeginSecondFactorHandler
from identity.application.complete_log_in import CompleteLogIn, CompleteLogInHandler
from identity.application.confirm_second_factor import ConfirmSecondFactor, ConfirmSecondFactorHandler
from identity.application.read_second_factor import ReadSecondFactorHandler
from identity.application.remove_second_factor import RemoveSecondFactor, RemoveSecondFactorHandler


@dataclass(frozen=True)
class SecondFactorHandlers:
    """The use cases of second factors."""

    complete: CompleteLogInHandler
    begin: BeginSecondFactorHandler
    confirm: ConfirmSecondFactorHandler
    remove: RemoveSecondFactorHandler
    read: ReadSecondFactorHandler


class SecondFactorAnswers:
    """Answers the five calls; refusals rise as domain errors."""

    _factors: SecondFactorHandlers

    async def CompleteLogIn(self, request: pb.CompleteLogInRequest, context: Any) -> pb.CompleteLogInResponse:
        """See the contract."""
        opened = await self._factors.complete(
            CompleteLogIn(
                challenge=fields.secret(request.challenge),
                code=None if request.credential_json else fields.one_time_code(request.code),
                client=fields.client(request),
                passkey=fields.credential(request.credential_json) if request.credential_json else None,
            )
        )
        return pb.CompleteLogInResponse(
            user=user_message(opened.user),
            session=session_message(opened),
            device_token=opened.device_token or "",
        )

    async def BeginSecondFactor(
        self, request: pb.BeginSecondFactorRequest, context: Any
    ) -> pb.BeginSecondFactorResponse:
        """See the contract."""
        made = await self._factors.begin(
            BeginSecondFactor(
                user_id=fields.user_id(request.user_id),
                password=fields.proving_password(request.password),
                client_address=fields.client_address(request.client_address),
            )
        )
        return pb.BeginSecondFactorResponse(secret=made.secret, uri=made.uri)

    async def ConfirmSecondFactor(
        self, request: pb.ConfirmSecondFactorRequest, context: Any
    ) -> pb.ConfirmSecondFactorResponse:
        """See the contract."""
        codes = await self._factors.confirm(
            ConfirmSecondFactor(
                user_id=fields.user_id(request.user_id),
                code=fields.one_time_code(request.code),
                client_address=fields.client_address(request.client_address),
            )
        )
        return pb.ConfirmSecondFactorResponse(recovery_codes=codes)

    async def RemoveSecondFactor(
        self, request: pb.RemoveSecondFactorRequest, context: Any
    ) -> pb.RemoveSecondFactorResponse:
        """See the contract."""
        await self._factors.remove(
            RemoveSecondFactor(
                user_id=fields.user_id(request.user_id),
                password=fields.proving_password(request.password),
                code=fields.one_time_code(request.code),
                client_address=fields.client_address(request.client_address),
            )
        )
        return pb.RemoveSecondFactorResponse()

    async def GetSecondFactor(
        self, request: pb.GetSecondFactorRequest, context: Any
    ) -> pb.GetSecondFactorResponse:
        """See the contract."""
        state = await self._factors.read(fields.user_id(request.user_id))
        return pb.GetSecondFactorResponse(
            confirmed_at=to_timestamp(state.confirmed_at), recovery_codes_left=state.codes_left
        )
