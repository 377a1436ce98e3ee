"""What credits went to: over a period that the person chooses, by their own calendar and by model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from gateway.adapters.inbound.console.languages import Language, gettext_noop
from gateway.domain.generation import Model
from gateway.domain.identifiers import ModelId
from gateway.domain.usage import ModelUsage

# As many as can be told apart by colour; what the others cost is one more column.
MODELS_MAX = 5
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Period:
    """One choice: its word in addresses, what it is called, and what one row of it is."""

    word: str
    title: str
    row: str


PERIODS: Mapping[str, Period] = {
    period.word: period
    for period in (
        Period(word="7d", title=gettext_noop("7 days"), row=gettext_noop("Day")),
        Period(word="30d", title=gettext_noop("30 days"), row=gettext_noop("Day")),
        Period(word="90d", title=gettext_noop("90 days"), row=gettext_noop("Week from")),
        Period(word="1y", title=gettext_noop("A year"), row=gettext_noop("Month")),
    )
}
USUAL = PERIODS["30d"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One row, and one bar: what each of the columns cost in it."""

    label: str
    costs: Sequence[int]

    @property
    def total(self) -> int:
        """What all of them cost."""
        return sum(self.costs)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One model, or those that have no column of their own."""

    title: str
    credits: int
    generations: int


@dataclass(frozen=True, kw_only=True)
class UsageReport:
    """What a page shows: parts from the oldest on, columns by what they cost."""

    period: Period
    parts: Sequence[Part]
    columns: Sequence[Column]

    @property
    def total(self) -> int:
        """What everything cost."""
        return sum(column.credits for column in self.columns)


def bounds_of(period: Period, *, now: datetime, zone: tzinfo) -> Sequence[datetime]:
    """Return where the period's parts begin, and where the last ends: midnights of the person's calendar."""
    return [datetime.combine(day, time(), zone).astimezone(UTC) for day in _days_of(period, now, zone)]


def report_of(
    period: Period,
    usage: Sequence[ModelUsage],
    *,
    models: Sequence[Model],
    now: datetime,
    zone: tzinfo,
    language: Language,
) -> UsageReport:
    """Return what to show of what was summed for `bounds_of` the same period and moment."""
    starts = _days_of(period, now, zone)[:-1]
    titles = {model.model_id: model.title for model in models}
    shown = _dearest(usage)
    places = {model_id: place for place, model_id in enumerate(shown)}
    others = any(each.model_id not in places for each in usage)
    width = len(shown) + others
    costs = [[0] * width for _ in starts]
    totals, counts = [0] * width, [0] * width
    for each in usage:
        place = places.get(each.model_id, len(shown))
        costs[each.period][place] += each.credits
        totals[place] += each.credits
        counts[place] += each.generations
    names = [titles.get(model_id, model_id) for model_id in shown]
    names += [language.say(gettext_noop("Others"))] if others else []
    label = language.month if period.word == "1y" else language.short_day
    return UsageReport(
        period=period,
        parts=[Part(label=label(day), costs=row) for day, row in zip(starts, costs, strict=True)],
        columns=[
            Column(title=name, credits=total, generations=count)
            for name, total, count in zip(names, totals, counts, strict=True)
        ],
    )


def _dearest(usage: Sequence[ModelUsage]) -> Sequence[ModelId]:
    totals: dict[ModelId, int] = {}
    for each in usage:
        totals[each.model_id] = totals.get(each.model_id, 0) + each.credits
    ranked = sorted(totals, key=lambda model_id: (-totals[model_id], model_id))
    return ranked if len(ranked) <= MODELS_MAX else ranked[: MODELS_MAX - 1]


def _days_of(period: Period, now: datetime, zone: tzinfo) -> Sequence[date]:
    """Return the first day of every part, today's the last of them, and the day after the whole."""
    tomorrow = now.astimezone(zone).date() + _DAY
    if period.word == "1y":
        this = tomorrow - _DAY
        months = this.year * 12 + this.month - 1
        return [_first_of(month) for month in range(months - _MONTHS + 1, months + 2)]
    step, parts = (_WEEK, 13) if period.word == "90d" else (_DAY, int(period.word.removesuffix("d")))
    return [tomorrow - step * (parts - part) for part in range(parts + 1)]


def _first_of(months: int) -> date:
    """Return the first day of a month that is counted from January of the year 0."""
    year, month = divmod(months, 12)
    return date(year, month + 1, 1)
