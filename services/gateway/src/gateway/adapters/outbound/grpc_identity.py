"""Identity over gRPC."""

from collections.abc import Sequence

import grpc
from chassis.timestamps import to_datetime
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.user import Role, SignedIn, Tokens, User, UserId, Welcome

_ROLES = {pb.ROLE_ADMIN: Role.ADMIN}
# A release of identity that says nothing welcomes everybody at once.
_WELCOMES = {pb.WELCOME_STATE_PENDING: Welcome.PENDING, pb.WELCOME_STATE_NONE: Welcome.NONE}

# Every request waits for it where the answer is not known yet.
SESSION_CHECK_DEADLINE_S = 2.0


class GrpcIdentity:
    """Speaks to IdentityService; implements Identity."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.IdentityServiceStub(channel)

    async def sign_up(
        self, *, email: str, password: str, full_name: str, client_address: str = ""
    ) -> SignedIn:
        """See Identity."""
        request = pb.SignUpRequest(
            email=email, password=password, full_name=full_name, client_address=client_address
        )
        with remote_calls("identity"):
            answer = await self._stub.SignUp(request, timeout=COMMAND_DEADLINE_S)
        return _signed_in(answer.user, answer.session, answer.device_token)

    async def log_in(
        self, *, email: str, password: str, client_address: str, device_tokens: Sequence[str] = ()
    ) -> SignedIn:
        """See Identity."""
        request = pb.LogInRequest(
            email=email, password=password, client_address=client_address, device_tokens=device_tokens
        )
        with remote_calls("identity"):
            answer = await self._stub.LogIn(request, timeout=COMMAND_DEADLINE_S)
        return _signed_in(answer.user, answer.session, answer.device_token)

    async def refresh(self, refresh_token: str) -> SignedIn:
        """See Identity."""
        request = pb.RefreshSessionRequest(refresh_token=refresh_token)
        with remote_calls("identity"):
            answer = await self._stub.RefreshSession(request, timeout=COMMAND_DEADLINE_S)
        return _signed_in(answer.user, answer.session)

    async def log_out(self, refresh_token: str) -> None:
        """See Identity."""
        with remote_calls("identity"):
            await self._stub.LogOut(pb.LogOutRequest(refresh_token=refresh_token), timeout=COMMAND_DEADLINE_S)

    async def open_sessions(self, session_ids: Sequence[str]) -> frozenset[str]:
        """See Identity."""
        request = pb.CheckSessionsRequest(session_ids=session_ids)
        with remote_calls("identity"):
            answer = await self._stub.CheckSessions(request, timeout=SESSION_CHECK_DEADLINE_S)
        return frozenset(answer.open_session_ids)

    async def user(self, user_id: str) -> User:
        """See Identity."""
        with remote_calls("identity"):
            answer = await self._stub.GetUser(pb.GetUserRequest(user_id=user_id), timeout=READ_DEADLINE_S)
        return _user(answer.user)

    async def update_profile(self, user_id: str, *, full_name: str | None, avatar_url: str | None) -> User:
        """See Identity."""
        request = pb.UpdateProfileRequest(user_id=user_id, full_name=full_name, avatar_url=avatar_url)
        with remote_calls("identity"):
            answer = await self._stub.UpdateProfile(request, timeout=COMMAND_DEADLINE_S)
        return _user(answer.user)

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

    async def request_verification(self, user_id: str, *, client_address: str) -> None:
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
        return _user(answer.user)

    async def jwks(self) -> str:
        """See Identity."""
        with remote_calls("identity"):
            answer = await self._stub.GetJwks(pb.GetJwksRequest(), timeout=READ_DEADLINE_S)
        return answer.jwks_json


def _user(message: pb.User) -> User:
    return User(
        user_id=UserId(message.user_id),
        email=message.email,
        email_verified=message.email_verified,
        full_name=message.full_name,
        avatar_url=message.avatar_url,
        role=_ROLES.get(message.role, Role.USER),
        welcome=_WELCOMES.get(message.welcome, Welcome.GIVEN),
        created_at=to_datetime(message.created_at),
    )


def _signed_in(user: pb.User, session: pb.Session, device_token: str = "") -> SignedIn:
    return SignedIn(
        user=_user(user),
        device_token=device_token or None,
        tokens=Tokens(
            access_token=session.access_token,
            refresh_token=session.refresh_token,
            expires_in_s=session.expires_in_s,
            session_id=session.session_id,
            refresh_expires_at=to_datetime(session.refresh_expires_at),
        ),
    )
