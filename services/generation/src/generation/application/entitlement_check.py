"""Whether an account may use a model."""

from dataclasses import dataclass

from generation.domain.entitlements import Entitlements
from generation.domain.errors import EntitlementRequired
from generation.domain.identifiers import AccountId
from generation.domain.model import Model
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class EntitlementCheck:
    """Who has no copy, or one that ran out, may use what requires nothing."""

    clock: Clock

    async def require(self, work: UnitOfWork, account_id: AccountId, model: Model) -> None:
        """Raise EntitlementRequired for a model that this account's plan does not open."""
        if model.requires is not None and not self.opens(model, await work.entitlements.of(account_id)):
            raise EntitlementRequired(
                f"{model.title} is for plans with {model.requires!r}, and yours is none of them",
                details={"entitlement": model.requires},
            )

    def opens(self, model: Model, known: Entitlements | None) -> bool:
        """Return whether a model may be used by an account of which this is known."""
        if model.requires is None:
            return True
        return known is not None and known.opens(model.requires, self.clock.now())
