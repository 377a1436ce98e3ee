"""Passkeys over gRPC."""

import json
from typing import Any

import grpc
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.identity_messages import signed_in
from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.client import Client
from gateway.domain.identifiers import PasskeyId, SessionId, UserId
from gateway.domain.passkey import OwnPasskeys, Passkey
from gateway.domain.user import SignedIn
from gateway.ports.passkeys import Document

_passkey = reader(pb.Passkey, Passkey)
_own = reader(pb.ListPasskeysResponse, OwnPasskeys, values={"passkeys": _passkey})


class GrpcPasskeys:
    """Speaks to IdentityService; implements Passkeys."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.IdentityServiceStub(channel)

    async def sign_in_options(self, *, challenge: str | None = None) -> Document:
        """See Passkeys."""
        request = pb.BeginPasskeySignInRequest(challenge=challenge or "")
        with remote_calls("identity"):
            answer = await self._stub.BeginPasskeySignIn(request, timeout=COMMAND_DEADLINE_S)
        return _document(answer.options_json)

    async def sign_in(self, answer: Document, client: Client) -> SignedIn:
        """See Passkeys."""
        request = pb.SignInWithPasskeyRequest(
            credential_json=json.dumps(answer),
            client_address=client.address or "",
            user_agent=client.user_agent or "",
        )
        with remote_calls("identity"):
            opened = await self._stub.SignInWithPasskey(request, timeout=COMMAND_DEADLINE_S)
        return signed_in(opened.user, opened.session, opened.device_token)

    async def complete_log_in(self, answer: Document, *, challenge: str, client: Client) -> SignedIn:
        """See Passkeys."""
        request = pb.CompleteLogInRequest(
            challenge=challenge,
            credential_json=json.dumps(answer),
            client_address=client.address or "",
            user_agent=client.user_agent or "",
        )
        with remote_calls("identity"):
            opened = await self._stub.CompleteLogIn(request, timeout=COMMAND_DEADLINE_S)
        return signed_in(opened.user, opened.session, opened.device_token)

    async def step_up_options(self, user_id: UserId) -> Document:
        """See Passkeys."""
        request = pb.BeginPasskeyStepUpRequest(user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.BeginPasskeyStepUp(request, timeout=COMMAND_DEADLINE_S)
        return _document(answer.options_json)

    async def step_up(
        self, answer: Document, *, user_id: UserId, session_id: SessionId, client_address: str
    ) -> None:
        """See Passkeys."""
        request = pb.StepUpRequest(
            user_id=user_id,
            session_id=session_id,
            credential_json=json.dumps(answer),
            client_address=client_address,
        )
        with remote_calls("identity"):
            await self._stub.StepUp(request, timeout=COMMAND_DEADLINE_S)

    async def new_options(self, user_id: UserId) -> Document:
        """See Passkeys."""
        request = pb.BeginPasskeyRequest(user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.BeginPasskey(request, timeout=COMMAND_DEADLINE_S)
        return _document(answer.options_json)

    async def add(self, answer: Document, *, user_id: UserId, name: str) -> Passkey:
        """See Passkeys."""
        request = pb.AddPasskeyRequest(user_id=user_id, name=name, credential_json=json.dumps(answer))
        with remote_calls("identity"):
            added = await self._stub.AddPasskey(request, timeout=COMMAND_DEADLINE_S)
        return _passkey(added.passkey)

    async def of_user(self, user_id: UserId) -> OwnPasskeys:
        """See Passkeys."""
        request = pb.ListPasskeysRequest(user_id=user_id)
        with remote_calls("identity"):
            return _own(await self._stub.ListPasskeys(request, timeout=READ_DEADLINE_S))

    async def rename(self, user_id: UserId, passkey_id: PasskeyId, name: str) -> Passkey:
        """See Passkeys."""
        request = pb.RenamePasskeyRequest(user_id=user_id, passkey_id=passkey_id, name=name)
        with remote_calls("identity"):
            renamed = await self._stub.RenamePasskey(request, timeout=COMMAND_DEADLINE_S)
        return _passkey(renamed.passkey)

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """See Passkeys."""
        request = pb.RemovePasskeyRequest(user_id=user_id, passkey_id=passkey_id)
        with remote_calls("identity"):
            await self._stub.RemovePasskey(request, timeout=COMMAND_DEADLINE_S)


def _document(text: str) -> Document:
    document: dict[str, Any] = json.loads(text)
    return document
