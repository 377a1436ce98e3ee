"""What only somebody may do who has just proved who they are: one dependency, for REST and for pages.

`dependencies=[FRESH_PROOF]` on a route; identity says whether the proof of the caller's session is fresh.
"""

from fastapi import Depends

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.domain.identifiers import SessionId

STEP_UP_REQUIRED = "STEP_UP_REQUIRED"


async def fresh_proof(principal: CurrentPrincipal, deps: CurrentDeps) -> None:
    """Raise Forbidden (STEP_UP_REQUIRED) ten minutes after the sign-in or the last step-up.

    A key that is admitted needs none: it was made after one, with the scope that names what it may do.
    """
    if principal.key is not None:
        return
    await deps.identity.require_proof(principal.user_id, principal.session_id or SessionId(""))


FRESH_PROOF = Depends(fresh_proof)
