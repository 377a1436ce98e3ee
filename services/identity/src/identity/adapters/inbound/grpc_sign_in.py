"""The part of IdentityService that is about signing in by a provider's word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.timestamps import to_timestamp
from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound.messages import session_message, user_message
from identity.application.begin_sign_in import BeginSignIn, BeginSignInHandler
from identity.application.complete_sign_in import CompleteSignIn, CompleteSignInHandler, LinkWaits
from identity.application.link_identity import LinkIdentity, LinkIdentityHandler
from identity.application.read_sign_in_methods import ReadSignInMethodsHandler
from identity.application.unlink_identity import UnlinkIdentityHandler
from identity.domain.linked_identity import LinkedIdentity, WaitingLink
from identity.domain.sign_up_policy import SignUpMode, SignUpPolicy
from identity.ports.human_check import Widget
from identity.ports.identity_provider import IdentityProvider
from identity.ports.passkeys import Authenticators

_MODES: Mapping[SignUpMode, pb.SignUpMode.ValueType] = {
    SignUpMode.OPEN: pb.SIGN_UP_MODE_OPEN,
    SignUpMode.INVITED: pb.SIGN_UP_MODE_INVITED,
    SignUpMode.CLOSED: pb.SIGN_UP_MODE_CLOSED,
}


@dataclass(frozen=True)
class SignInHandlers:
    """The use cases of other providers' identities."""

    begin: BeginSignInHandler
    complete: CompleteSignInHandler
    read: ReadSignInMethodsHandler
    link: LinkIdentityHandler
    unlink: UnlinkIdentityHandler
    providers: Sequence[IdentityProvider]
    """In the order of the settings."""
    policy: SignUpPolicy
    widget: Widget | None
    authenticators: Authenticators


class SignInAnswers:
    """Answers the six calls; refusals rise as domain errors."""

    _sign_in: SignInHandlers

    async def GetSignInOptions(
        self, request: pb.GetSignInOptionsRequest, context: Any
    ) -> pb.GetSignInOptionsResponse:
        """See the contract."""
        widget = self._sign_in.widget
        return pb.GetSignInOptionsResponse(
            providers=[
                pb.SignInProvider(provider_id=provider.provider_id, title=provider.title)
                for provider in self._sign_in.providers
            ],
            sign_up=_MODES[self._sign_in.policy.mode],
            email_domains=self._sign_in.policy.domains,
            captcha_site_key=widget.site_key if widget else "",
            captcha_script_url=widget.script_url if widget else "",
            passkeys=self._sign_in.authenticators.is_ready,
        )

    async def BeginSignIn(self, request: pb.BeginSignInRequest, context: Any) -> pb.BeginSignInResponse:
        """See the contract."""
        begun = await self._sign_in.begin(
            BeginSignIn(
                provider_id=fields.provider_id(request.provider_id),
                user_id=fields.user_id(request.user_id) if request.user_id else None,
            )
        )
        return pb.BeginSignInResponse(
            authorization_url=begun.authorization_url, browser_secret=begun.browser_secret
        )

    async def CompleteSignIn(
        self, request: pb.CompleteSignInRequest, context: Any
    ) -> pb.CompleteSignInResponse:
        """See the contract."""
        completed = await self._sign_in.complete(
            CompleteSignIn(
                provider_id=fields.provider_id(request.provider_id),
                state=fields.secret(request.state),
                code=fields.answer_code(request.code),
                browser_secret=fields.secret(request.browser_secret),
                client=fields.client(request),
            )
        )
        if isinstance(completed, LinkWaits):
            return pb.CompleteSignInResponse(link_token=completed.token, link_email=completed.email or "")
        return pb.CompleteSignInResponse(
            user=user_message(completed.user),
            session=session_message(completed),
            device_token=completed.device_token or "",
        )

    async def GetSignInMethods(
        self, request: pb.GetSignInMethodsRequest, context: Any
    ) -> pb.GetSignInMethodsResponse:
        """See the contract."""
        methods = await self._sign_in.read(
            fields.user_id(request.user_id), link_token=fields.secret(request.link_token) or None
        )
        return pb.GetSignInMethodsResponse(
            has_password=methods.has_password,
            links=[self._link(linked) for linked in methods.linked],
            waiting=self._link(methods.waiting) if methods.waiting else None,
        )

    async def LinkIdentity(self, request: pb.LinkIdentityRequest, context: Any) -> pb.LinkIdentityResponse:
        """See the contract."""
        linked = await self._sign_in.link(
            LinkIdentity(fields.user_id(request.user_id), fields.secret(request.link_token))
        )
        return pb.LinkIdentityResponse(link=self._link(linked))

    async def UnlinkIdentity(
        self, request: pb.UnlinkIdentityRequest, context: Any
    ) -> pb.UnlinkIdentityResponse:
        """See the contract."""
        await self._sign_in.unlink(
            user_id=fields.user_id(request.user_id), link_id=fields.link_id(request.link_id)
        )
        return pb.UnlinkIdentityResponse()

    def _link(self, linked: LinkedIdentity | WaitingLink) -> pb.SignInLink:
        found = (provider for provider in self._sign_in.providers if provider.issuer == linked.issuer)
        provider = next(found, None)
        told = pb.SignInLink(
            provider_id=provider.provider_id if provider else "",
            title=provider.title if provider else linked.issuer,
            email=linked.email or "",
        )
        if isinstance(linked, LinkedIdentity):
            told.link_id = linked.link_id
            told.linked_at.CopyFrom(to_timestamp(linked.linked_at))
        return told
