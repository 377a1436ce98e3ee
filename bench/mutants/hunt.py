"""The hunt: one session forks a child for each mutant of a function, then each of the rest gets a session."""

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from embedded.mutants import Mutant, NotLive, live_function, replace_code

from bench.mutants import sessions
from bench.mutants.children import Work, answers
from bench.mutants.import_hook import import_as
from bench.mutants.report import KILLED, NOT_REACHED, SURVIVED, TIMED_OUT, Verdict
from bench.mutants.sessions import Session, Survey

# No limit at all, in numbers.
HOURS_S = 24 * 3600
# A mutant may take so many times what its tests took, and so much more: to begin, to import everything.
SLOWER_MAX, CPU_SPARE_S, WALL_SPARE_S, IMPORT_SPARE_S = 4, 5, 15, 60
# Tests that take longer are no judges: what only a long story or a lucky example notices, a quick one
# should hold.
TEST_MAX_CPU_S = 1
NOT_LIVE = "not live"
Ask = Callable[[Mutant, Sequence[str]], dict[str, Any]]


class CannotHunt(Exception):
    """The tests fail already, or can't be collected."""


def hunt(
    folders: Sequence[str], sources: Sequence[Path], mutants: Sequence[Mutant], *, workers: int
) -> list[Verdict]:
    """Return how each mutant ended. Raises CannotHunt."""
    told = _in_a_child(lambda: _session(folders, sources, mutants, workers))
    selection = Selection(Survey.of(told["survey"]))
    verdicts = {place: Verdict(mutants[place], ending, tests) for place, ending, tests in told["endings"]}
    rest = [
        place
        for place, mutant in enumerate(mutants)
        if place not in verdicts or verdicts[place].ending == NOT_LIVE
    ]
    sessions.import_libraries(selection.survey.libraries)
    asked = _asked(
        {place: mutants[place] for place in rest}, selection, _in_a_new_session, IMPORT_SPARE_S, workers
    )
    verdicts |= {place: Verdict(mutants[place], ending, tests) for place, ending, tests in asked}
    return [verdicts[place] for place in range(len(mutants))]


class Selection:
    """Which tests a mutant is shown to, and in which order."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self._killers: dict[str, Counter[str]] = {}
        self._quick = {test for test, cpu_s in survey.cpu_s.items() if cpu_s <= TEST_MAX_CPU_S}

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the quick tests that run its statement; where only an import runs it, its module's or all.

        First come those that killed others of the module, then the quick ones.
        """
        lines = self.survey.tests.get(str(mutant.path), {})
        if mutant.function is not None:
            chosen = {
                test
                for line in range(mutant.first_line, mutant.last_line + 1)
                for test in lines.get(line, ())
            }
        else:
            chosen = {test for tests in lines.values() for test in tests} or self._quick
        chosen &= self._quick
        killers = self._killers.get(mutant.module, Counter())
        return sorted(chosen, key=lambda test: (-killers[test], self.survey.cpu_s[test], test))

    def killed(self, mutant: Mutant, test: str) -> None:
        """Remember who noticed."""
        self._killers.setdefault(mutant.module, Counter())[test] += 1


def _session(
    folders: Sequence[str], sources: Sequence[Path], mutants: Sequence[Mutant], workers: int
) -> dict[str, Any]:
    """Return the survey, and each ending of what lives in a function: place, ending, number of tests."""
    told: dict[str, Any] = {}

    def instead(session: Session) -> None:
        survey = _in_a_child(lambda: sessions.survey(session, sources))
        selection = Selection(Survey.of(survey))
        live = {place: mutant for place, mutant in enumerate(mutants) if mutant.function is not None}

        def ask(mutant: Mutant, tests: Sequence[str]) -> dict[str, Any]:
            sessions.silence()
            try:
                replace_code(mutant, live_function(importlib.import_module(mutant.module), mutant.function))
            except NotLive:
                return {"ending": NOT_LIVE}
            return {"killer": session.first_failure(tests)}

        told.update(survey=survey, endings=list(_asked(live, selection, ask, 0, workers)))

    sessions.collect(folders, instead)
    return told


def _in_a_new_session(mutant: Mutant, tests: Sequence[str]) -> dict[str, Any]:
    sessions.silence()
    import_as(mutant)
    told: dict[str, Any] = {}
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))

    def instead(session: Session) -> None:
        told["killer"] = session.first_failure([test for test in tests if test in session.items])

    try:
        sessions.collect(files, instead)
    except sessions.CannotCollect:
        told["killer"] = "import"
    return told


def _asked(
    mutants: dict[int, Mutant], selection: Selection, ask: Ask, spare_s: float, workers: int
) -> Iterator[tuple[int, str, int]]:
    """Show each mutant to its tests, in children; yield its place, how it ended, and how many tests ran."""
    not_reached: list[int] = []

    def work() -> Iterator[Work]:
        for place, mutant in mutants.items():
            tests = selection.tests(mutant)
            if not tests:
                not_reached.append(place)
                continue
            cpu_s = sum(selection.survey.cpu_s[test] for test in tests)
            wall_s = sum(selection.survey.wall_s[test] for test in tests)
            yield Work(
                (place, len(tests)),
                partial(ask, mutant, tests),
                cpu_s=SLOWER_MAX * cpu_s + CPU_SPARE_S + spare_s,
                wall_s=SLOWER_MAX * wall_s + WALL_SPARE_S + spare_s,
            )

    for done, (asked, answer) in enumerate(answers(work(), workers=workers)):
        place, tests = asked.key
        sessions.say(f"\r{done + 1} of {len(mutants)} ")
        if answer is None:
            yield place, TIMED_OUT, tests
        elif "error" in answer:
            raise CannotHunt(f"{mutants[place]}\n{answer['error']}")
        elif (killer := answer.get("killer")) is not None:
            selection.killed(mutants[place], killer)
            yield place, KILLED, tests
        else:
            yield place, answer.get("ending", SURVIVED), tests
    yield from ((place, NOT_REACHED, 0) for place in not_reached)


def _in_a_child(do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    for _, answer in answers(iter([Work("session", do, cpu_s=HOURS_S, wall_s=HOURS_S)]), workers=1):
        if answer is None or "error" in answer:
            raise CannotHunt("it died" if answer is None else answer["error"])
        return dict(answer)
    raise AssertionError("a child answers, or died")
