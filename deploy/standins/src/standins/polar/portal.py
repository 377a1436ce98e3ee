"""The customer's portal: what they bought."""

from __future__ import annotations

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from standins.polar.organization import Change, Organization
from standins.polar.page import HEADERS
from standins.polar.store import Document
from standins.stripe.money import money


class PortalPage:
    """Shows a customer's orders to whoever has a session that has not ended."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        templates = Environment(
            loader=PackageLoader("standins.polar", "pages"), autoescape=True, undefined=StrictUndefined
        )
        templates.filters["money"] = money
        self.template = templates.get_template("portal.html")

    def routes(self) -> list[Route]:
        """Return the route to mount."""
        return [Route("/portal/{token}", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Answer with the page."""
        with self.organization.change() as change:
            session = self._session(change, request.path_params["token"])
            owner = session["customer_id"] if session else None
            orders = [order for order in change.store.all("order") if order["customer_id"] == owner]
        body = self.template.render({"session": session, "orders": orders})
        return HTMLResponse(body, status_code=200 if session else 404, headers=HEADERS)

    def _session(self, change: Change, token: str) -> Document | None:
        now = self.organization.clock()
        for session in change.store.all("customer_session"):
            if session["token"] == token and datetime.fromisoformat(session["expires_at"]).timestamp() > now:
                return session
        return None
