"""Cloudflare Turnstile, by its `siteverify`; and what asks nothing, where there is none."""

import asyncio
from dataclasses import dataclass, field

import httpx2
import structlog

from identity.domain.sign_in_errors import CaptchaFailed, CaptchaUnavailable
from identity.ports.human_check import Widget

log = structlog.get_logger(__name__)
ORIGIN = "https://challenges.cloudflare.com"
DEADLINE_S = 5.0
TOKEN_LENGTH_MAX = 2_048
# What it says when the fault is ours: nobody can sign up until an operator has mended it.
_OURS = frozenset({"missing-input-secret", "invalid-input-secret", "bad-request"})
_THEIRS = frozenset({"internal-error"})
_NOT_UNDERSTOOD = (httpx2.HTTPError, TimeoutError, LookupError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True)
class NoHumanCheck:
    """Lets everybody in; implements HumanCheck."""

    widget: Widget | None = None

    async def require(self, token: str | None, client_address: str | None) -> None:
        """See HumanCheck."""


@dataclass(frozen=True, kw_only=True)
class TurnstileCheck:
    """Redeems each token once; implements HumanCheck."""

    site_key: str
    secret_key: str = field(repr=False)
    origin: str = ORIGIN
    transport: httpx2.AsyncBaseTransport | None = None

    @property
    def widget(self) -> Widget:
        """See HumanCheck."""
        return Widget(site_key=self.site_key, script_url=f"{self.origin}/turnstile/v0/api.js")

    async def require(self, token: str | None, client_address: str | None) -> None:
        """See HumanCheck."""
        if not token or len(token) > TOKEN_LENGTH_MAX:
            raise CaptchaFailed
        form = {"secret": self.secret_key, "response": token}
        if client_address:
            form["remoteip"] = client_address
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                httpx2.AsyncClient(transport=self.transport, trust_env=False) as client,
            ):
                answer = await client.post(f"{self.origin}/turnstile/v0/siteverify", data=form)
                said = answer.json()
            is_human, codes = said["success"], frozenset(said.get("error-codes") or ())
        except _NOT_UNDERSTOOD as failure:
            log.warning("captcha failed", error=type(failure).__name__)
            raise CaptchaUnavailable from None
        if is_human is True:
            return
        if codes & (_OURS | _THEIRS):
            log.error("captcha refuses us", codes=sorted(map(str, codes))[:5])
            raise CaptchaUnavailable
        raise CaptchaFailed
