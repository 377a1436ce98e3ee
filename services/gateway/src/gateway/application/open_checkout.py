"""Open a checkout page that leads back to where people came from."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.identifiers import PackId
from gateway.domain.purchase import Checkout
from gateway.domain.user import Principal
from gateway.ports.billing import Billing


@dataclass(frozen=True, kw_only=True)
class OpenCheckout:
    """What to buy; without addresses of their own, people come back to the console's billing page."""

    pack_id: PackId
    idempotency_key: str
    success_url: str | None = None
    cancel_url: str | None = None


class OpenCheckoutHandler:
    """Asks billing for a hosted page."""

    def __init__(self, billing: Billing, *, public_url: str) -> None:
        self._billing = billing
        self._public_url = public_url.rstrip("/")

    async def __call__(self, principal: Principal, command: OpenCheckout) -> tuple[Checkout, bool]:
        """Open a page, once a key; the flag says that the answer is a replay.

        Raises InvalidRequest for an address on another origin: no stranger's page may follow ours.
        """
        # Billing knows the checkout's id before anybody is sent anywhere.
        success_url = command.success_url or f"{self._public_url}/billing?checkout={{CHECKOUT_ID}}"
        cancel_url = command.cancel_url or f"{self._public_url}/billing?note=unpaid"
        foreign = [
            FieldProblem(field, "must be on the origin of this service")
            for field, url in (("success_url", success_url), ("cancel_url", cancel_url))
            if origin(url) != origin(self._public_url)
        ]
        if foreign:
            raise InvalidRequest(
                "An address leads to another origin.", reason="FOREIGN_RETURN_URL", fields=foreign
            )
        return await self._billing.create_checkout(
            user_id=principal.user_id,
            email=principal.email,
            pack_id=command.pack_id,
            idempotency_key=command.idempotency_key,
            success_url=success_url,
            cancel_url=cancel_url,
        )


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of a plain http(s) address; None for anything else."""
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]
