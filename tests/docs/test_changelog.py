"""The changelog, as whoever puts a release in place goes by it."""

import re
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
PROCESSES = {
    "billing": ["billing"],
    "gateways": ["gateway"],
    "generation": ["generation-api", "generation-interactive", "generation-worker"],
    "generation's api": ["generation-api"],
    "identity": ["identity"],
    "interactive process": ["generation-interactive"],
    "ledger": ["ledger"],
    "workers": ["generation-worker"],
}
_SAID = re.compile(
    r"([A-Z][^.;:(]*?) (?:is|are) (?:migrated and )?rolled out (before|first, then) ([^.;:(]*)"
)


def steps(text: str) -> list[list[str]]:
    """Return the processes that each sentence of a release says come one after the other, in their order."""
    found = []
    for first, how, rest in _SAID.findall(" ".join(text.split())):
        following = re.split(r" before |, then ", rest) if how != "before" else rest.split(" before ")
        found.append([_processes(words) for words in (first, *following)])
    return [pair for said in found for pair in _pairs(said)]


def _processes(words: str) -> list[str]:
    named = [re.sub(r"^(?:the|its) ", "", word.strip().lower()) for word in re.split(r" and |, ", words)]
    return [process for name in named for process in PROCESSES[name]]


def _pairs(said: list[list[str]]) -> list[list[str]]:
    return [
        [early, late]
        for at, now in enumerate(said)
        for later in said[at + 1 :]
        for early in now
        for late in later
    ]


def test_what_is_rolled_out_when_is_one_order() -> None:
    """Of a release: whoever does as one sentence says does not break another."""
    for release in CHANGELOG.read_text().split("\n## ")[1:]:
        after: defaultdict[str, set[str]] = defaultdict(set)
        for early, late in steps(release):
            after[late].add(early)
        TopologicalSorter(after).prepare()


def test_both_ways_of_saying_it_are_read() -> None:
    """And nothing that is said of no other process."""
    assert steps(
        "x. Identity is rolled out first. Generation's API and identity are rolled out before\n gateways."
    ) == [
        ["generation-api", "gateway"],
        ["identity", "gateway"],
    ]
    assert steps("Gateways are rolled out first, then workers, then identity.") == [
        ["gateway", "generation-worker"],
        ["gateway", "identity"],
        ["generation-worker", "identity"],
    ]
