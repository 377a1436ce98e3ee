"""What pages show beside what they are about: nothing while its service can't say, and the page is whole."""

from collections.abc import Sequence

from gateway.adapters.inbound.deps import Deps
from gateway.domain.errors import GatewayError
from gateway.domain.generation import Model
from gateway.domain.subscription import Plan


async def models_beside(deps: Deps) -> Sequence[Model]:
    """Return the models on offer."""
    try:
        return await deps.generations.models()
    except GatewayError:
        return ()


async def plans_beside(deps: Deps) -> Sequence[Plan]:
    """Return the plans on offer."""
    try:
        return await deps.billing.plans()
    except GatewayError:
        return ()
