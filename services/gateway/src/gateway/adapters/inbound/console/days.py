"""Generations by the day that they were made, as the person's own clock has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby

from gateway.adapters.inbound.console.languages import ENGLISH, Language, gettext_noop
from gateway.domain.generation import Generation


@dataclass(frozen=True, kw_only=True)
class Day:
    """One heading: its title, its generations, newest first, and the credits that they cost."""

    title: str
    generations: Sequence[Generation]
    is_today: bool = False

    @property
    def credits(self) -> int:
        """What this day's generations cost."""
        return sum(generation.credits_charged for generation in self.generations)


def by_day(
    generations: Iterable[Generation], *, now: datetime, zone: tzinfo, language: Language = ENGLISH
) -> list[Day]:
    """Group generations, which come newest first, by day."""
    today = now.astimezone(zone).date()
    names = {
        today: language.say(gettext_noop("Today")),
        today - timedelta(days=1): language.say(gettext_noop("Yesterday")),
    }

    def made_on(generation: Generation) -> date:
        return generation.created_at.astimezone(zone).date()

    return [
        Day(
            title=names.get(day) or language.day(day, with_year=day.year != today.year),
            generations=list(group),
            is_today=day == today,
        )
        for day, group in groupby(generations, key=made_on)
    ]
