"""Signing in by a provider's word, over gRPC."""

import grpc
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.identity_messages import signed_in
from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.client import Client
from gateway.domain.identifiers import LinkId, ProviderId, UserId
from gateway.domain.sign_in import (
    BegunSignIn,
    LinkWaits,
    SignInLink,
    SignInMethods,
    SignInOptions,
    SignInProvider,
    SignUpMode,
)
from gateway.domain.user import SignedIn

_provider = reader(pb.SignInProvider, SignInProvider)
_MODES = {pb.SIGN_UP_MODE_INVITED: SignUpMode.INVITED, pb.SIGN_UP_MODE_CLOSED: SignUpMode.CLOSED}


def _mode(number: pb.SignUpMode.ValueType) -> SignUpMode:
    return _MODES.get(number, SignUpMode.OPEN)


_options = reader(
    pb.GetSignInOptionsResponse, SignInOptions, values={"providers": _provider, "sign_up": _mode}
)
_begun = reader(pb.BeginSignInResponse, BegunSignIn)
_link = reader(pb.SignInLink, SignInLink)
_methods = reader(pb.GetSignInMethodsResponse, SignInMethods, values={"links": _link, "waiting": _link})


class GrpcSignIn:
    """Speaks to IdentityService; implements SignIn."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.IdentityServiceStub(channel)

    async def options(self) -> SignInOptions:
        """See SignIn."""
        with remote_calls("identity"):
            answer = await self._stub.GetSignInOptions(pb.GetSignInOptionsRequest(), timeout=READ_DEADLINE_S)
        return _options(answer)

    async def begin(self, provider_id: ProviderId, *, user_id: UserId | None) -> BegunSignIn:
        """See SignIn."""
        request = pb.BeginSignInRequest(provider_id=provider_id, user_id=user_id or "")
        with remote_calls("identity"):
            answer = await self._stub.BeginSignIn(request, timeout=COMMAND_DEADLINE_S)
        return _begun(answer)

    async def complete(
        self,
        provider_id: ProviderId,
        *,
        state: str,
        code: str | None,
        browser_secret: str,
        client: Client,
    ) -> SignedIn | LinkWaits:
        """See SignIn."""
        request = pb.CompleteSignInRequest(
            provider_id=provider_id,
            state=state,
            code=code or "",
            browser_secret=browser_secret,
            client_address=client.address or "",
            user_agent=client.user_agent or "",
        )
        with remote_calls("identity"):
            answer = await self._stub.CompleteSignIn(request, timeout=COMMAND_DEADLINE_S)
        if answer.link_token:
            return LinkWaits(token=answer.link_token, email=answer.link_email or None)
        return signed_in(answer.user, answer.session, answer.device_token)

    async def methods(self, user_id: UserId, *, link_token: str | None = None) -> SignInMethods:
        """See SignIn."""
        request = pb.GetSignInMethodsRequest(user_id=user_id, link_token=link_token or "")
        with remote_calls("identity"):
            answer = await self._stub.GetSignInMethods(request, timeout=READ_DEADLINE_S)
        return _methods(answer)

    async def link(self, user_id: UserId, link_token: str) -> SignInLink:
        """See SignIn."""
        request = pb.LinkIdentityRequest(user_id=user_id, link_token=link_token)
        with remote_calls("identity"):
            answer = await self._stub.LinkIdentity(request, timeout=COMMAND_DEADLINE_S)
        return _link(answer.link)

    async def unlink(self, user_id: UserId, link_id: LinkId) -> None:
        """See SignIn."""
        request = pb.UnlinkIdentityRequest(user_id=user_id, link_id=link_id)
        with remote_calls("identity"):
            await self._stub.UnlinkIdentity(request, timeout=COMMAND_DEADLINE_S)
