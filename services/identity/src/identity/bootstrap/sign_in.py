"""Who vouches for people, and who says that they are any, as the settings name them."""

from identity.adapters.outbound.oidc.client import Registration
from identity.adapters.outbound.oidc.github import GitHubProvider
from identity.adapters.outbound.oidc.openid_provider import OpenIdProvider
from identity.adapters.outbound.turnstile import NoHumanCheck, TurnstileCheck
from identity.domain.identifiers import ProviderId
from identity.ports.clock import Clock
from identity.ports.human_check import HumanCheck
from identity.ports.identity_provider import IdentityProvider
from identity.settings import GOOGLE_ISSUER, KNOWN_PROVIDERS, IdentitySettings, SignInProvider


def sign_in_providers(settings: IdentitySettings, clock: Clock) -> dict[ProviderId, IdentityProvider]:
    """Return them in the order of the settings; an address of ours is what each sends people back to."""
    return {
        ProviderId(name): _provider(name, provider, str(settings.public_url), clock)
        for name, provider in settings.sign_in_providers.items()
    }


def _provider(name: str, told: SignInProvider, public_url: str, clock: Clock) -> IdentityProvider:
    registration = Registration(
        provider_id=ProviderId(name),
        title=told.title or KNOWN_PROVIDERS.get(name, name.capitalize()),
        client_id=told.client_id,
        client_secret=told.client_secret.get_secret_value() if told.client_secret else None,
        redirect_uri=f"{public_url.rstrip('/')}/v1/auth/oauth/{name}/callback",
    )
    if told.issuer is None and name == "github":
        return GitHubProvider(registration)
    return OpenIdProvider(registration, issuer=told.issuer or GOOGLE_ISSUER, clock=clock)


def human_check(settings: IdentitySettings) -> HumanCheck:
    """Return Turnstile where it has keys, and otherwise what asks nothing."""
    if settings.turnstile_site_key is None or settings.turnstile_secret_key is None:
        return NoHumanCheck()
    return TurnstileCheck(
        site_key=settings.turnstile_site_key,
        secret_key=settings.turnstile_secret_key.get_secret_value(),
        origin=settings.turnstile_origin,
    )
