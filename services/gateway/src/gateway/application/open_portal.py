"""Open the payment processor's page for a person, that leads back to where they came from."""

from dataclasses import dataclass

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.origin import origin
from gateway.domain.user import Principal
from gateway.ports.billing import Billing


@dataclass(frozen=True, kw_only=True)
class OpenPortal:
    """Whose page; without an address of their own, people come back to the console's billing page."""

    payer: Principal
    idempotency_key: str
    return_url: str | None = None


@dataclass(frozen=True)
class OpenPortalHandler:
    """Asks billing for the page."""

    billing: Billing
    public_url: str
    """Without a slash at the end."""

    async def __call__(self, command: OpenPortal) -> str:
        """Return its address. Raises InvalidRequest for an address on another origin."""
        return_url = command.return_url or f"{self.public_url}/billing"
        if origin(return_url) != origin(self.public_url):
            foreign = FieldProblem("return_url", "must be on the origin of this service")
            raise InvalidRequest(
                "An address leads to another origin.", reason="FOREIGN_RETURN_URL", fields=[foreign]
            )
        return await self.billing.open_portal(
            user_id=command.payer.user_id,
            email=command.payer.email,
            return_url=return_url,
            idempotency_key=command.idempotency_key,
        )
