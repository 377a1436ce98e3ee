"""Send somebody to a provider that vouches for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from identity.domain.identifiers import ProviderId, UserId
from identity.domain.secret import digest
from identity.domain.sign_in_errors import SignInProviderNotFound
from identity.domain.sign_in_flow import FLOW_TTL, SignInFlow, code_verifier_of, nonce_of
from identity.ports.clock import Clock
from identity.ports.identity_provider import IdentityProvider
from identity.ports.secret_source import SecretSource
from identity.ports.sign_in_flows import SignInFlows


@dataclass(frozen=True)
class BeginSignIn:
    """A person picks a provider; who is signed in already wants to link what it says of them."""

    provider_id: ProviderId
    user_id: UserId | None = None


@dataclass(frozen=True)
class BegunSignIn:
    """Where the browser goes, and the secret that it must bring back."""

    authorization_url: str
    browser_secret: str = field(repr=False)


@dataclass(frozen=True)
class BeginSignInHandler:
    """Stores a flow that is good for one answer within ten minutes, in the browser that began it."""

    flows: SignInFlows
    providers: Mapping[ProviderId, IdentityProvider]
    secrets: SecretSource
    clock: Clock

    async def __call__(self, command: BeginSignIn) -> BegunSignIn:
        """Begin; raises SignInProviderNotFound or SignInProviderUnavailable, and then stores nothing."""
        provider = self.providers.get(command.provider_id)
        if provider is None:
            raise SignInProviderNotFound
        state, browser_secret = self.secrets.new(), self.secrets.new()
        url = await provider.authorization_url(
            state=state, nonce=nonce_of(browser_secret), code_verifier=code_verifier_of(browser_secret)
        )
        await self.flows.begin(
            SignInFlow(
                state_digest=digest(state),
                browser_digest=digest(browser_secret),
                provider_id=command.provider_id,
                user_id=command.user_id,
                expires_at=self.clock.now() + FLOW_TTL,
            )
        )
        return BegunSignIn(url, browser_secret)
