"""The part of IdentityService that is about passkeys."""

from dataclasses import dataclass
from typing import Any

from chassis.timestamps import set_moment, to_timestamp
from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound.messages import session_message, user_message
from identity.application.add_passkey import AddPasskey, AddPasskeyHandler
from identity.application.begin_passkey import BeginPasskeyHandler
from identity.application.begin_passkey_second_factor import BeginPasskeySecondFactorHandler
from identity.application.begin_passkey_sign_in import BeginPasskeySignInHandler
from identity.application.begin_passkey_step_up import BeginPasskeyStepUpHandler
from identity.application.list_passkeys import ListPasskeysHandler
from identity.application.remove_passkey import RemovePasskeyHandler
from identity.application.rename_passkey import RenamePasskey, RenamePasskeyHandler
from identity.application.sign_in_with_passkey import SignInWithPasskey, SignInWithPasskeyHandler
from identity.domain.passkey import Passkey
from identity.ports.passkeys import Authenticators


@dataclass(frozen=True)
class PasskeyHandlers:
    """The use cases of passkeys."""

    begin_sign_in: BeginPasskeySignInHandler
    begin_second_factor: BeginPasskeySecondFactorHandler
    begin_step_up: BeginPasskeyStepUpHandler
    sign_in: SignInWithPasskeyHandler
    begin: BeginPasskeyHandler
    add: AddPasskeyHandler
    list: ListPasskeysHandler
    rename: RenamePasskeyHandler
    remove: RemovePasskeyHandler
    authenticators: Authenticators


class PasskeyAnswers:
    """Answers the eight calls; refusals rise as domain errors."""

    _passkeys: PasskeyHandlers

    async def BeginPasskeySignIn(
        self, request: pb.BeginPasskeySignInRequest, context: Any
    ) -> pb.BeginPasskeySignInResponse:
        """See the contract."""
        if challenge := fields.secret(request.challenge):
            options = await self._passkeys.begin_second_factor(challenge)
        else:
            options = await self._passkeys.begin_sign_in()
        return pb.BeginPasskeySignInResponse(options_json=options)

    async def SignInWithPasskey(
        self, request: pb.SignInWithPasskeyRequest, context: Any
    ) -> pb.SignInWithPasskeyResponse:
        """See the contract."""
        opened = await self._passkeys.sign_in(
            SignInWithPasskey(fields.credential(request.credential_json), fields.client(request))
        )
        return pb.SignInWithPasskeyResponse(
            user=user_message(opened.user),
            session=session_message(opened),
            device_token=opened.device_token or "",
        )

    async def BeginPasskeyStepUp(
        self, request: pb.BeginPasskeyStepUpRequest, context: Any
    ) -> pb.BeginPasskeyStepUpResponse:
        """See the contract."""
        options = await self._passkeys.begin_step_up(fields.user_id(request.user_id))
        return pb.BeginPasskeyStepUpResponse(options_json=options)

    async def BeginPasskey(self, request: pb.BeginPasskeyRequest, context: Any) -> pb.BeginPasskeyResponse:
        """See the contract."""
        options = await self._passkeys.begin(fields.user_id(request.user_id))
        return pb.BeginPasskeyResponse(options_json=options)

    async def AddPasskey(self, request: pb.AddPasskeyRequest, context: Any) -> pb.AddPasskeyResponse:
        """See the contract."""
        added = await self._passkeys.add(
            AddPasskey(
                user_id=fields.user_id(request.user_id),
                name=fields.passkey_name(request.name),
                answer=fields.credential(request.credential_json),
            )
        )
        return pb.AddPasskeyResponse(passkey=_passkey(added))

    async def ListPasskeys(self, request: pb.ListPasskeysRequest, context: Any) -> pb.ListPasskeysResponse:
        """See the contract."""
        own = await self._passkeys.list(fields.user_id(request.user_id))
        return pb.ListPasskeysResponse(
            passkeys=map(_passkey, own), available=self._passkeys.authenticators.is_ready
        )

    async def RenamePasskey(self, request: pb.RenamePasskeyRequest, context: Any) -> pb.RenamePasskeyResponse:
        """See the contract."""
        renamed = await self._passkeys.rename(
            RenamePasskey(
                user_id=fields.user_id(request.user_id),
                passkey_id=fields.passkey_id(request.passkey_id),
                name=fields.passkey_name(request.name),
            )
        )
        return pb.RenamePasskeyResponse(passkey=_passkey(renamed))

    async def RemovePasskey(self, request: pb.RemovePasskeyRequest, context: Any) -> pb.RemovePasskeyResponse:
        """See the contract."""
        await self._passkeys.remove(
            user_id=fields.user_id(request.user_id), passkey_id=fields.passkey_id(request.passkey_id)
        )
        return pb.RemovePasskeyResponse()


def _passkey(passkey: Passkey) -> pb.Passkey:
    told = pb.Passkey(
        passkey_id=passkey.passkey_id,
        name=passkey.name,
        backed_up=passkey.backed_up,
        created_at=to_timestamp(passkey.created_at),
    )
    for field in ("last_used_at", "copy_seen_at"):
        moment = getattr(passkey, field)
        if moment is not None:
            set_moment(told, field, moment)
    return told
