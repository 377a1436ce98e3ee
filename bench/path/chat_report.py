"""What is said of chats: tables for people and for the page, and their part of the object for programs."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.page import table, write_part
from bench.path.cases import TOLD_AT, Figures
from bench.path.chat_cases import CALLERS, KINDS, Case
from bench.path.report import cpu, machine, shown

# Who is asked: in the figures' names, and for people.
ASKED = {"": "", "straight_": "the provider alone: ", "litellm_": "LiteLLM: "}
ROWS = {
    "chats_s": "chats/s",
    "p50_ms": "whole answer, median (ms)",
    "p99_ms": "whole answer, 99th percentile (ms)",
    "first_p50_ms": "first word, median (ms)",
    "first_p99_ms": "first word, 99th percentile (ms)",
    "first_added_ms": "first word, more than the provider alone (ms)",
}
CROWD = {
    "streams": "streams at once",
    "chunks_s": "chunks that came in a second",
    "first_p50_ms": "first word, median (ms)",
    "first_p99_ms": "first word, 99th percentile (ms)",
    "kib_a_stream_gateway": "memory of a stream in the gateway (KiB)",
    "kib_a_stream_interactive": "memory of a stream in the interactive process (KiB)",
    "cpu_us_a_chunk_gateway": "processor time of a chunk in the gateway (us)",
    "cpu_us_a_chunk_interactive": "processor time of a chunk in the interactive process (us)",
    "vanished_stopped_ms": "until the provider of the fifth that vanished was stopped (ms)",
    "crawl_grown_mib": "growth of a process while clients read nothing of endless answers (MiB)",
    "crawl_provider_cpu_s": "processor time of the provider meanwhile (s)",
}
_PART = """# Measured: chats

Written by `make bench-path ARGS=--write-docs`, on the same stack: chats in OpenAI's words, of some thirty
chunks, by callers that have one connection each; whoever is asked beside it is asked by the same callers.
What is measured is in [bench/README.md](../bench/README.md).

{times}

Processor time of a chat in milliseconds:

{costs}

Streams that say a word in {pace_s} s, of programs of 20 people; then a fifth of them vanish and ask again,
and others read nothing for some seconds:

{crowd}

Medians of {rounds} rounds of {chat_seconds} s, on {system} with {cpus} processors that everything shares,
the callers too; Python {python}{beside}.
"""


def result(
    rounds: Sequence[Mapping[Case, Figures]], *, crowd: Figures, proxy: str | None, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the object: medians over the rounds, the first word's delay with one caller."""
    cases = {
        case: _added({name: round(median(of[case][name] for of in rounds), 2) for name in rounds[0][case]})
        for case in rounds[0]
    }
    told: dict[str, Any] = {}
    for kind, name in zip(KINDS, ("chat", "chat_stream"), strict=True):
        at = cases[kind, TOLD_AT]
        told |= {f"{name}_s_{callers}": cases[kind, callers]["chats_s"] for callers in CALLERS}
        told |= {f"{name}_p50_ms": at["p50_ms"], f"{name}_p99_ms": at["p99_ms"]}
        told |= {f"cpu_ms_a_{name}": cpu(at)}
    alone = cases["streamed", 1]
    told |= {
        "chat_stream_first_token_ms": alone["first_p50_ms"],
        "chat_stream_first_token_straight_ms": alone["straight_first_p50_ms"],
        "chat_stream_first_token_added_ms": alone["first_added_ms"],
    }
    if proxy:
        told |= {"litellm_stream_first_token_added_ms": alone["litellm_first_added_ms"]}
    return {
        **told,
        "chats": {kind: {str(callers): cases[kind, callers] for callers in CALLERS} for kind in KINDS},
        "crowd": {name: round(value, 2) for name, value in crowd.items()},
        "litellm": proxy,
        **about,
        "machine": machine(),
    }


def _added(figures: Figures) -> Figures:
    """Return them with how much later the first word comes than where the provider is asked itself."""
    others = {
        f"{whose}first_added_ms": round(figures[f"{whose}first_p50_ms"] - figures["straight_first_p50_ms"], 2)
        for whose in ASKED
        if whose != "straight_" and f"{whose}first_p50_ms" in figures
    }
    return figures | others


def tables(result: Mapping[str, Any]) -> list[list[list[str]]]:
    """Return what people read, each with its head: times, costs, and the crowd."""
    cases = [(kind, str(callers)) for kind in KINDS for callers in CALLERS]
    found = [result["chats"][kind][callers] for kind, callers in cases]
    head = ["", *(f"{kind}, {callers}" for kind, callers in cases)]
    times = [
        [whom + label, *(shown(of[whose + name]) if whose + name in of else "-" for of in found)]
        for whose, whom in ASKED.items()
        for name, label in ROWS.items()
        if any(whose + name in of for of in found)
    ]
    of_processes = [cpu(of) for of in found]
    costs = [
        [name.replace("_", " "), *(shown(of[name]) for of in of_processes)]
        for name in of_processes[0]
        if any(of[name] for of in of_processes)
    ]
    if result["litellm"]:
        costs.append(["LiteLLM", *(shown(of["litellm_cpu_all"]) for of in found)])
    crowd = [[label, shown(result["crowd"][name])] for name, label in CROWD.items()]
    return [[head, *times], [["processor time of a chat (ms)", *head[1:]], *costs], [["", ""], *crowd]]


def write(result: Mapping[str, Any]) -> None:
    """Write the page's part."""
    times, costs, crowd = (table(rows[0], rows[1:]) for rows in tables(result))
    beside = f"; LiteLLM {result['litellm']}, one process without a database" if result["litellm"] else ""
    about = {**result, **result["machine"], "crowd": crowd}
    write_part(_PART.format(**about, times=times, costs=costs, beside=beside))
