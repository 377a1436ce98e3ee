"""`/admin/providers`: how providers fare, and which of them workers leave alone."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.admin_room import Staff
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.provider import Provider
from gateway.domain.provider_pause import PauseReason
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/admin", route_class=HtmlRoute)
REASONS: Mapping[str, str] = {
    PauseReason.FAILING: gettext_noop("it fails: jobs wait or go elsewhere"),
    PauseReason.ACCOUNT: gettext_noop("it does not take our account"),
    PauseReason.ASKED_TO_WAIT: gettext_noop("it asked to be left alone"),
}


@router.get("/providers", dependencies=[per_user(Limit.READS)])
async def providers(request: Request, deps: CurrentDeps, session: Session, actor: Staff) -> Response:
    """Show them by name, each with its models."""
    report = await deps.usage_log.pauses(actor)
    models = await deps.generations.models(actor.user_id)
    return await show(
        request,
        "admin_providers.html",
        session=session,
        providers=Provider.all_of(models, report),
        workers=report.workers,
        titles={model.model_id: model.title for model in models},
        reasons=REASONS,
    )
