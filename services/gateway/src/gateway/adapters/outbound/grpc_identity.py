"""Identity over gRPC."""

from collections.abc import Sequence

import grpc
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.grpc_identity_addresses import GrpcAddresses
from gateway.adapters.outbound.grpc_identity_avatars import GrpcAvatars
from gateway.adapters.outbound.grpc_identity_factors import GrpcSecondFactors
from gateway.adapters.outbound.grpc_identity_keys import GrpcApiKeys
from gateway.adapters.outbound.grpc_identity_sessions import GrpcSessions
from gateway.adapters.outbound.identity_messages import signed_in, user_of
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.client import UNKNOWN_CLIENT, Client
from gateway.domain.identifiers import UserId
from gateway.domain.user import SignedIn, User


class GrpcIdentity(GrpcSecondFactors, GrpcAddresses, GrpcSessions, GrpcApiKeys, GrpcAvatars):
    """Speaks to IdentityService; implements Identity."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.IdentityServiceStub(channel)

    async def sign_up(
        self,
        *,
        email: str,
        password: str,
        full_name: str,
        client: Client = UNKNOWN_CLIENT,
        invitation: str | None = None,
        captcha_token: str | None = None,
    ) -> SignedIn:
        """See Identity."""
        request = pb.SignUpRequest(
            email=email,
            password=password,
            full_name=full_name,
            client_address=client.address or "",
            user_agent=client.user_agent or "",
            invitation=invitation or "",
            captcha_token=captcha_token or "",
        )
        with remote_calls("identity"):
            answer = await self._stub.SignUp(request, timeout=COMMAND_DEADLINE_S)
        return signed_in(answer.user, answer.session, answer.device_token)

    async def log_in(
        self,
        *,
        email: str,
        password: str,
        client: Client = UNKNOWN_CLIENT,
        device_tokens: Sequence[str] = (),
    ) -> SignedIn:
        """See Identity."""
        request = pb.LogInRequest(
            email=email,
            password=password,
            client_address=client.address or "",
            device_tokens=device_tokens,
            user_agent=client.user_agent or "",
        )
        with remote_calls("identity"):
            answer = await self._stub.LogIn(request, timeout=COMMAND_DEADLINE_S)
        return signed_in(answer.user, answer.session, answer.device_token)

    async def complete_log_in(
        self, *, challenge: str, code: str, client: Client = UNKNOWN_CLIENT
    ) -> SignedIn:
        """See Identity."""
        request = pb.CompleteLogInRequest(
            challenge=challenge,
            code=code,
            client_address=client.address or "",
            user_agent=client.user_agent or "",
        )
        with remote_calls("identity"):
            answer = await self._stub.CompleteLogIn(request, timeout=COMMAND_DEADLINE_S)
        return signed_in(answer.user, answer.session, answer.device_token)

    async def refresh(self, refresh_token: str, client: Client = UNKNOWN_CLIENT) -> SignedIn:
        """See Identity."""
        request = pb.RefreshSessionRequest(
            refresh_token=refresh_token,
            client_address=client.address or "",
            user_agent=client.user_agent or "",
        )
        with remote_calls("identity"):
            answer = await self._stub.RefreshSession(request, timeout=COMMAND_DEADLINE_S)
        return signed_in(answer.user, answer.session)

    async def log_out(self, refresh_token: str) -> None:
        """See Identity."""
        with remote_calls("identity"):
            await self._stub.LogOut(pb.LogOutRequest(refresh_token=refresh_token), timeout=COMMAND_DEADLINE_S)

    async def user(self, user_id: UserId) -> User:
        """See Identity."""
        with remote_calls("identity"):
            answer = await self._stub.GetUser(pb.GetUserRequest(user_id=user_id), timeout=READ_DEADLINE_S)
        return user_of(answer.user)

    async def update_profile(self, user_id: UserId, *, full_name: str | None, avatar_url: str | None) -> User:
        """See Identity."""
        request = pb.UpdateProfileRequest(user_id=user_id, full_name=full_name, avatar_url=avatar_url)
        with remote_calls("identity"):
            answer = await self._stub.UpdateProfile(request, timeout=COMMAND_DEADLINE_S)
        return user_of(answer.user)

    async def request_erasure(self, user_id: UserId) -> User:
        """See Identity."""
        request = pb.RequestErasureRequest(user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.RequestErasure(request, timeout=COMMAND_DEADLINE_S)
        return user_of(answer.user)

    async def take_back_erasure(self, user_id: UserId) -> User:
        """See Identity."""
        request = pb.TakeBackErasureRequest(user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.TakeBackErasure(request, timeout=COMMAND_DEADLINE_S)
        return user_of(answer.user)

    async def request_password_reset(self, *, email: str, client_address: str) -> None:
        """See Identity."""
        request = pb.RequestPasswordResetRequest(email=email, client_address=client_address)
        with remote_calls("identity"):
            await self._stub.RequestPasswordReset(request, timeout=COMMAND_DEADLINE_S)

    async def reset_password(self, *, token: str, new_password: str) -> str | None:
        """See Identity."""
        request = pb.ResetPasswordRequest(token=token, new_password=new_password)
        with remote_calls("identity"):
            answer = await self._stub.ResetPassword(request, timeout=COMMAND_DEADLINE_S)
        return answer.device_token or None

    async def request_verification(self, user_id: UserId, *, client_address: str) -> None:
        """See Identity."""
        request = pb.RequestEmailVerificationRequest(user_id=user_id, client_address=client_address)
        with remote_calls("identity"):
            await self._stub.RequestEmailVerification(request, timeout=COMMAND_DEADLINE_S)

    async def verify_email(self, token: str) -> User:
        """See Identity."""
        with remote_calls("identity"):
            answer = await self._stub.VerifyEmail(
                pb.VerifyEmailRequest(token=token), timeout=COMMAND_DEADLINE_S
            )
        return user_of(answer.user)

    async def jwks(self) -> str:
        """See Identity."""
        with remote_calls("identity"):
            answer = await self._stub.GetJwks(pb.GetJwksRequest(), timeout=READ_DEADLINE_S)
        return answer.jwks_json
