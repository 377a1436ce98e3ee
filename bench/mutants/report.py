"""What became of every mutant: for people, and as one JSON object."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from embedded.mutants import Mutant

KILLED, TIMED_OUT, SURVIVED, NOT_REACHED, EQUIVALENT = (
    "killed",
    "timed out",
    "survived",
    "not reached",
    "equivalent",
)
TEXT_MAX = 150


@dataclass(frozen=True)
class Verdict:
    """How one mutant ended. `tests` is how many ran it."""

    mutant: Mutant
    ending: str
    tests: int = 0


def survivor(verdict: Verdict, root: Path) -> str:
    """Return one line: where, what was changed, and what did not notice."""
    mutant = verdict.mutant
    place = f"{mutant.path.relative_to(root)}:{mutant.line}"
    noticed = "no test reaches it" if verdict.ending == NOT_REACHED else f"{verdict.tests} tests pass"
    return f"{place} {mutant.function or '(at import)'}: {change(mutant)} ({noticed})"


def change(mutant: Mutant) -> str:
    """Return what was changed, cut where the texts are the same."""
    before, after = mutant.before, mutant.after
    if len(before) + len(after) > TEXT_MAX:
        same = next((n for n, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), 0)
        start = max(0, same - 30)
        before, after = (_cut(text, start) for text in (before, after))
    return f"{before}  ->  {after}"


def table(verdicts: list[Verdict]) -> str:
    """Return a line a module, and one for all."""
    rows = [f"{'module':<48} killed  survived  equivalent  score"]
    for name, figures in figures_by_module(verdicts).items():
        rows.append(
            f"{name:<48} {figures['killed']:>6}  {figures['survived']:>8}  "
            f"{figures['equivalent']:>10}  {figures['score']:>4} %"
        )
    return "\n".join(rows)


def as_json(service: str, verdicts: list[Verdict], seconds: float) -> str:
    """Return one object: the score of everything and of each module."""
    figures = figures_by_module(verdicts)
    total = figures.pop("all")
    return json.dumps({"service": service, **total, "seconds": round(seconds), "modules": figures})


def figures_by_module(verdicts: list[Verdict]) -> dict[str, dict[str, float]]:
    """Return counts and scores of modules, layers and all: time-outs are killed, equivalents no mutants."""
    counted: dict[str, Counter[str]] = {}
    for verdict in sorted(verdicts, key=lambda verdict: verdict.mutant.module):
        module = verdict.mutant.module
        for name in (module, f"all {module.rpartition('.')[0]}", "all"):
            counted.setdefault(name, Counter())[verdict.ending] += 1
    ordered = sorted(counted, key=lambda name: (name.startswith("all"), name == "all", name))
    return {name: _figures(counted[name]) for name in ordered}


def _figures(endings: Counter[str]) -> dict[str, float]:
    killed = endings[KILLED] + endings[TIMED_OUT]
    survived = endings[SURVIVED] + endings[NOT_REACHED]
    return {
        "killed": killed,
        "survived": survived,
        "timed_out": endings[TIMED_OUT],
        "not_reached": endings[NOT_REACHED],
        "equivalent": endings[EQUIVALENT],
        "score": round(100 * killed / (killed + survived), 1) if killed + survived else 100.0,
    }


def _cut(text: str, start: int) -> str:
    cut = text[start : start + TEXT_MAX // 2]
    return f"{'...' if start else ''}{cut}{'...' if start + len(cut) < len(text) else ''}"
