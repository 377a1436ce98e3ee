"""tintype.identity.v1.IdentityService over gRPC: parse, call the use case, render."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from tintype.identity.v1 import admin_pb2
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as pb_grpc

from identity.adapters.inbound import fields
from identity.adapters.inbound.grpc_addresses import AddressAnswers, AddressHandlers
from identity.adapters.inbound.grpc_api_keys import ApiKeyAnswers, ApiKeyHandlers
from identity.adapters.inbound.grpc_avatars import AvatarAnswers, AvatarHandlers
from identity.adapters.inbound.grpc_erasure import ErasureAnswers, ErasureHandlers
from identity.adapters.inbound.grpc_notices import NoticeAnswers
from identity.adapters.inbound.grpc_passkeys import PasskeyAnswers, PasskeyHandlers
from identity.adapters.inbound.grpc_second_factors import SecondFactorAnswers, SecondFactorHandlers
from identity.adapters.inbound.grpc_sessions import SessionAnswers, SessionHandlers
from identity.adapters.inbound.grpc_sign_in import SignInAnswers, SignInHandlers
from identity.adapters.inbound.messages import session_message, user_message
from identity.application.log_in import LogIn, LogInHandler
from identity.application.log_out import LogOut, LogOutHandler
from identity.application.mail_news import MailNewsHandler
from identity.application.read_user import ReadUserHandler
from identity.application.refresh_session import RefreshSession, RefreshSessionHandler
from identity.application.request_password_reset import RequestPasswordReset, RequestPasswordResetHandler
from identity.application.request_verification import RequestVerification, RequestVerificationHandler
from identity.application.reset_password import ResetPassword, ResetPasswordHandler
from identity.application.sign_up import SignUp, SignUpHandler
from identity.application.update_profile import UpdateProfile, UpdateProfileHandler
from identity.application.verify_email import VerifyEmail, VerifyEmailHandler
from identity.domain import errors, passkey_errors, sign_in_errors
from identity.domain.profile import UNCHANGED

DOMAIN = "tintype.identity"
_SERVICES = (
    pb.DESCRIPTOR.services_by_name["IdentityService"],
    admin_pb2.DESCRIPTOR.services_by_name["AdminService"],
)

ERRORS: Mapping[type[Exception], grpc.StatusCode] = {
    errors.InvalidField: grpc.StatusCode.INVALID_ARGUMENT,
    errors.InvalidEmail: grpc.StatusCode.INVALID_ARGUMENT,
    errors.WeakPassword: grpc.StatusCode.INVALID_ARGUMENT,
    errors.StepUpRequired: grpc.StatusCode.PERMISSION_DENIED,
    errors.WrongCode: grpc.StatusCode.INVALID_ARGUMENT,
    errors.SecondFactorRequired: grpc.StatusCode.UNAUTHENTICATED,
    errors.ChallengeEnded: grpc.StatusCode.UNAUTHENTICATED,
    errors.SecondFactorOn: grpc.StatusCode.FAILED_PRECONDITION,
    errors.SecondFactorsOff: grpc.StatusCode.FAILED_PRECONDITION,
    errors.WrongPassword: grpc.StatusCode.INVALID_ARGUMENT,
    errors.InvalidToken: grpc.StatusCode.INVALID_ARGUMENT,
    errors.EmailTaken: grpc.StatusCode.ALREADY_EXISTS,
    errors.InvalidCredentials: grpc.StatusCode.UNAUTHENTICATED,
    errors.InvalidRefreshToken: grpc.StatusCode.UNAUTHENTICATED,
    errors.RefreshTokenReused: grpc.StatusCode.UNAUTHENTICATED,
    errors.SessionEnded: grpc.StatusCode.UNAUTHENTICATED,
    errors.UserDisabled: grpc.StatusCode.PERMISSION_DENIED,
    errors.UserLeaving: grpc.StatusCode.FAILED_PRECONDITION,
    errors.TooManyAttempts: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.TooBusy: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.ThrottleUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.UserNotFound: grpc.StatusCode.NOT_FOUND,
    errors.SessionNotFound: grpc.StatusCode.NOT_FOUND,
    errors.AvatarNotFound: grpc.StatusCode.NOT_FOUND,
    errors.ApiKeyNotFound: grpc.StatusCode.NOT_FOUND,
    errors.LastAdministrator: grpc.StatusCode.FAILED_PRECONDITION,
    errors.NotStaff: grpc.StatusCode.PERMISSION_DENIED,
    errors.NotAnAdmin: grpc.StatusCode.PERMISSION_DENIED,
    errors.StillAdministrator: grpc.StatusCode.FAILED_PRECONDITION,
    errors.OwnAccount: grpc.StatusCode.FAILED_PRECONDITION,
    errors.TooManyApiKeys: grpc.StatusCode.FAILED_PRECONDITION,
    errors.IdempotencyKeyReused: grpc.StatusCode.ALREADY_EXISTS,
    passkey_errors.PasskeysUnavailable: grpc.StatusCode.FAILED_PRECONDITION,
    passkey_errors.PasskeyMalformed: grpc.StatusCode.INVALID_ARGUMENT,
    passkey_errors.CeremonyEnded: grpc.StatusCode.INVALID_ARGUMENT,
    passkey_errors.PasskeyWrongOrigin: grpc.StatusCode.INVALID_ARGUMENT,
    passkey_errors.PasskeyWrongSite: grpc.StatusCode.INVALID_ARGUMENT,
    passkey_errors.PasskeyUserNotVerified: grpc.StatusCode.INVALID_ARGUMENT,
    passkey_errors.PasskeyRefused: grpc.StatusCode.INVALID_ARGUMENT,
    passkey_errors.PasskeyUnknown: grpc.StatusCode.INVALID_ARGUMENT,
    passkey_errors.PasskeyCopied: grpc.StatusCode.PERMISSION_DENIED,
    passkey_errors.PasskeyExists: grpc.StatusCode.ALREADY_EXISTS,
    passkey_errors.PasskeyNotFound: grpc.StatusCode.NOT_FOUND,
    passkey_errors.TooManyPasskeys: grpc.StatusCode.FAILED_PRECONDITION,
    sign_in_errors.EmailNotConfirmed: grpc.StatusCode.FAILED_PRECONDITION,
    sign_in_errors.SignInProviderNotFound: grpc.StatusCode.NOT_FOUND,
    sign_in_errors.SignInStateInvalid: grpc.StatusCode.INVALID_ARGUMENT,
    sign_in_errors.SignInDeclined: grpc.StatusCode.PERMISSION_DENIED,
    sign_in_errors.SignInRefused: grpc.StatusCode.UNAUTHENTICATED,
    sign_in_errors.SignInProviderUnavailable: grpc.StatusCode.UNAVAILABLE,
    sign_in_errors.ProviderEmailUnverified: grpc.StatusCode.PERMISSION_DENIED,
    sign_in_errors.IdentityLinkedElsewhere: grpc.StatusCode.ALREADY_EXISTS,
    sign_in_errors.ProviderLinkedAlready: grpc.StatusCode.ALREADY_EXISTS,
    sign_in_errors.LinkExpired: grpc.StatusCode.NOT_FOUND,
    sign_in_errors.LinkNotFound: grpc.StatusCode.NOT_FOUND,
    sign_in_errors.LastWayToSignIn: grpc.StatusCode.FAILED_PRECONDITION,
    sign_in_errors.SignUpClosed: grpc.StatusCode.PERMISSION_DENIED,
    sign_in_errors.InvitationRequired: grpc.StatusCode.PERMISSION_DENIED,
    sign_in_errors.EmailDomainNotAllowed: grpc.StatusCode.INVALID_ARGUMENT,
    sign_in_errors.CaptchaFailed: grpc.StatusCode.INVALID_ARGUMENT,
    sign_in_errors.CaptchaUnavailable: grpc.StatusCode.UNAVAILABLE,
    sign_in_errors.InvitationNotSent: grpc.StatusCode.UNAVAILABLE,
}

# The deliverer of webhooks sends to strangers' addresses: it has a token of its own, which opens this alone.
_OTHER_CALLERS = {"TellWebhookDisabled": "gateway-webhooks"}
ALLOWED: Mapping[str, frozenset[str]] = {
    f"/{service.full_name}/{method.name}": frozenset({_OTHER_CALLERS.get(method.name, "gateway")})
    for service in _SERVICES
    for method in service.methods
}


@dataclass(frozen=True)
class Handlers:
    """The use cases that the service answers with."""

    sign_up: SignUpHandler
    log_in: LogInHandler
    refresh_session: RefreshSessionHandler
    log_out: LogOutHandler
    read_user: ReadUserHandler
    update_profile: UpdateProfileHandler
    request_password_reset: RequestPasswordResetHandler
    reset_password: ResetPasswordHandler
    request_verification: RequestVerificationHandler
    verify_email: VerifyEmailHandler
    avatars: AvatarHandlers
    addresses: AddressHandlers
    factors: SecondFactorHandlers
    passkeys: PasskeyHandlers
    sessions: SessionHandlers
    api_keys: ApiKeyHandlers
    erasure: ErasureHandlers
    sign_in: SignInHandlers
    mail_news: MailNewsHandler
    jwks_json: str


class IdentityServicer(
    SecondFactorAnswers,
    PasskeyAnswers,
    AvatarAnswers,
    AddressAnswers,
    SessionAnswers,
    ApiKeyAnswers,
    ErasureAnswers,
    SignInAnswers,
    NoticeAnswers,
    pb_grpc.IdentityServiceServicer,
):
    """Answers the contract; refusals rise as domain errors and become statuses by ERRORS."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._avatars = handlers.avatars
        self._addresses = handlers.addresses
        self._factors = handlers.factors
        self._passkeys = handlers.passkeys
        self._sessions = handlers.sessions
        self._api_keys = handlers.api_keys
        self._erasure = handlers.erasure
        self._sign_in = handlers.sign_in
        self._mail_news = handlers.mail_news

    async def SignUp(self, request: pb.SignUpRequest, context: Any) -> pb.SignUpResponse:
        """See the contract."""
        opened = await self._handlers.sign_up(
            SignUp(
                email=fields.email_address(request.email),
                password=fields.new_password(request.password),
                full_name=request.full_name,
                client=fields.client(request),
                invitation=fields.secret(request.invitation) or None,
                captcha_token=request.captcha_token or None,
            )
        )
        return pb.SignUpResponse(
            user=user_message(opened.user),
            session=session_message(opened),
            device_token=opened.device_token or "",
        )

    async def LogIn(self, request: pb.LogInRequest, context: Any) -> pb.LogInResponse:
        """See the contract."""
        opened = await self._handlers.log_in(
            LogIn(
                email=fields.email_address(request.email),
                password=fields.login_password(request.password),
                client=fields.client(request),
                device_tokens=fields.device_tokens(request.device_tokens),
            )
        )
        return pb.LogInResponse(
            user=user_message(opened.user),
            session=session_message(opened),
            device_token=opened.device_token or "",
        )

    async def RefreshSession(
        self, request: pb.RefreshSessionRequest, context: Any
    ) -> pb.RefreshSessionResponse:
        """See the contract."""
        opened = await self._handlers.refresh_session(
            RefreshSession(fields.secret(request.refresh_token), fields.client(request))
        )
        return pb.RefreshSessionResponse(user=user_message(opened.user), session=session_message(opened))

    async def LogOut(self, request: pb.LogOutRequest, context: Any) -> pb.LogOutResponse:
        """See the contract."""
        await self._handlers.log_out(LogOut(fields.secret(request.refresh_token)))
        return pb.LogOutResponse()

    async def GetUser(self, request: pb.GetUserRequest, context: Any) -> pb.GetUserResponse:
        """See the contract."""
        user = await self._handlers.read_user(fields.user_id(request.user_id))
        return pb.GetUserResponse(user=user_message(user))

    async def UpdateProfile(self, request: pb.UpdateProfileRequest, context: Any) -> pb.UpdateProfileResponse:
        """See the contract."""
        user = await self._handlers.update_profile(
            UpdateProfile(
                user_id=fields.user_id(request.user_id),
                full_name=request.full_name if request.HasField("full_name") else UNCHANGED,
                avatar_url=(request.avatar_url or None) if request.HasField("avatar_url") else UNCHANGED,
            )
        )
        return pb.UpdateProfileResponse(user=user_message(user))

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Any
    ) -> pb.RequestPasswordResetResponse:
        """See the contract."""
        await self._handlers.request_password_reset(
            RequestPasswordReset(
                email=fields.email_address(request.email),
                client_address=fields.client_address(request.client_address),
            )
        )
        return pb.RequestPasswordResetResponse()

    async def ResetPassword(self, request: pb.ResetPasswordRequest, context: Any) -> pb.ResetPasswordResponse:
        """See the contract."""
        device_token = await self._handlers.reset_password(
            ResetPassword(
                token=fields.secret(request.token), new_password=fields.new_password(request.new_password)
            )
        )
        return pb.ResetPasswordResponse(device_token=device_token)

    async def RequestEmailVerification(
        self, request: pb.RequestEmailVerificationRequest, context: Any
    ) -> pb.RequestEmailVerificationResponse:
        """See the contract."""
        await self._handlers.request_verification(
            RequestVerification(
                user_id=fields.user_id(request.user_id),
                client_address=fields.client_address(request.client_address),
            )
        )
        return pb.RequestEmailVerificationResponse()

    async def VerifyEmail(self, request: pb.VerifyEmailRequest, context: Any) -> pb.VerifyEmailResponse:
        """See the contract."""
        user = await self._handlers.verify_email(VerifyEmail(fields.secret(request.token)))
        return pb.VerifyEmailResponse(user=user_message(user))

    async def GetJwks(self, request: pb.GetJwksRequest, context: Any) -> pb.GetJwksResponse:
        """See the contract."""
        return pb.GetJwksResponse(jwks_json=self._handlers.jwks_json)
