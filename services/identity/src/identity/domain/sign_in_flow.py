"""One way to a provider and back, which begins and ends in the same browser.

What must be known to end it is kept by that browser alone, out of reach of scripts: the nonce and the
verifier (RFC 7636) follow from its secret. The stored half opens nothing.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain.identifiers import ProviderId, UserId
from identity.domain.secret import SecretDigest, digest

FLOW_TTL = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class SignInFlow:
    """The stored half; it is good for one answer of the provider."""

    state_digest: SecretDigest
    browser_digest: SecretDigest
    provider_id: ProviderId
    user_id: UserId | None
    """Who is signed in and wants an identity linked; None where it is to sign somebody in."""
    expires_at: datetime

    def is_of(self, provider_id: ProviderId, browser_secret: str) -> bool:
        """Whether an answer of this provider, in this browser, ends it."""
        began_here = hmac.compare_digest(self.browser_digest, digest(browser_secret))
        return began_here and self.provider_id == provider_id


def nonce_of(browser_secret: str) -> str:
    """Return what the provider must repeat in its token (OpenID Connect Core, section 3.1.2.1)."""
    return _derived(browser_secret, "nonce")


def code_verifier_of(browser_secret: str) -> str:
    """Return what proves that who began ends it: 43 characters (RFC 7636, section 4.1)."""
    return _derived(browser_secret, "code_verifier")


def _derived(secret: str, purpose: str) -> str:
    derived = hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()
