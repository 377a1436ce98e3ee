"""Sessions of customers: the way to their portal, for an hour."""

from __future__ import annotations

from standins.polar.api import Body, Call, Resource
from standins.polar.errors import invalid
from standins.polar.organization import new_secret, public, written
from standins.polar.resources.checkouts import Url
from standins.polar.store import Document

resource = Resource()
LASTS_S = 3_600


class SessionCreate(Body):
    """Whose portal it is, and where it leads back to."""

    customer_id: str
    return_url: Url | None = None


@resource.operation("POST", "/v1/customer-sessions/", SessionCreate, status=201)
def create(call: Call) -> Document:
    """Open a customer's portal."""
    change, given = call.change, call.body
    customer = change.store.get("customer", given.customer_id)
    if customer is None or customer["deleted_at"]:
        raise invalid(["body", "customer_id"], "Customer does not exist.", given.customer_id)
    token = new_secret("polar_cst_")
    made = change.new(
        "customer_session",
        token=token,
        expires_at=written(change.organization.clock() + LASTS_S),
        return_url=given.return_url,
        customer_id=customer["id"],
        customer_portal_url=f"{call.address}/portal/{token}",
    )
    return {**public(made), "customer": public(customer)}
