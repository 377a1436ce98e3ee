"""`/admin`: what was made in thirty days, what it was charged, what providers cost, and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.admin_room import Staff
from gateway.adapters.inbound.console.languages import Language, gettext_noop, language_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.console.usage import MODELS_MAX, Column, Part
from gateway.adapters.inbound.limited import per_user
from gateway.domain.identifiers import ModelId
from gateway.domain.margin import Margin, MarginGrouping
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/admin", route_class=HtmlRoute)
DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The chart of credits by day and model, and each provider's balance, where least is left first."""

    columns: Sequence[Column]
    parts: Sequence[Part]
    providers: Sequence[Margin]

    @property
    def total(self) -> int:
        """What users were charged in all."""
        return sum(column.credits for column in self.columns)


@router.get("", dependencies=[per_user(Limit.READS)])
async def overview(request: Request, deps: CurrentDeps, session: Session, actor: Staff) -> Response:
    """Show the last thirty days, in UTC."""
    today = deps.clock.now().astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime.combine(first, time(), UTC)
    by_day = await deps.usage_log.margins(
        actor, since=since, until=None, by={MarginGrouping.DAY, MarginGrouping.MODEL}
    )
    providers = await deps.usage_log.margins(actor, since=since, until=None, by={MarginGrouping.PROVIDER})
    newest = await deps.administration.people(actor, None, cursor=None, limit=10)
    titles = {model.model_id: model.title for model in await deps.generations.models()}
    return await show(
        request,
        "admin_overview.html",
        session=session,
        overview=_drawn(
            by_day,
            [first + timedelta(days=number) for number in range(DAYS)],
            titles,
            language_of(request),
            providers,
        ),
        newest=newest.items,
    )


def _drawn(
    margins: Sequence[Margin],
    days: Sequence[date],
    titles: dict[ModelId, str],
    language: Language,
    providers: Sequence[Margin],
) -> Overview:
    totals: dict[ModelId, int] = {}
    for margin in margins:
        model_id = margin.model_id or ModelId("")
        totals[model_id] = totals.get(model_id, 0) + margin.credits
    ranked = sorted(totals, key=lambda model_id: (-totals[model_id], model_id))
    shown = ranked if len(ranked) <= MODELS_MAX else ranked[: MODELS_MAX - 1]
    others = len(ranked) > len(shown)
    width = len(shown) + others
    costs = {day: [0] * width for day in days}
    attempts = [0] * width
    for margin in margins:
        if margin.day not in costs:
            continue
        model_id = margin.model_id or ModelId("")
        place = shown.index(model_id) if model_id in shown else len(shown)
        costs[margin.day][place] += margin.credits
        attempts[place] += margin.attempts
    names = [titles.get(model_id, model_id) for model_id in shown]
    names += [language.say(gettext_noop("Others"))] if others else []
    columns = [
        Column(title=name, credits=sum(row[place] for row in costs.values()), generations=attempts[place])
        for place, name in enumerate(names)
    ]
    parts = [Part(label=language.short_day(day), costs=costs[day]) for day in days]
    return Overview(columns=columns, parts=parts, providers=providers)
