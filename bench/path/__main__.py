"""`python -m bench.path`: a generation's path and a chat's, tables, and one JSON object as the last line."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ledger.servers import temporary_folder
from bench.path import chat_report, crowd, docs, report, stored
from bench.path.cases import Bench
from bench.path.chat_cases import ChatBench
from bench.path.litellm_proxy import Proxy, litellm, missing
from bench.path.stack import BenchStack, bench_stack

# A stack that has just started still looks around: what it does then is no rest.
SETTLE_S = 5.0
PACE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long everything is measured for."""

    rounds: int
    seconds: float
    warm_up_s: float
    idle_s: float
    # A chat says more in a second than a job does.
    chat_seconds: float
    streams: int
    steady_s: float


QUICK = Length(
    rounds=1, seconds=2.0, warm_up_s=1.0, idle_s=3.0, chat_seconds=1.0, streams=60, steady_s=3.0
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns the exit code."""
    options = _options(arguments)
    length = QUICK if options.quick else Length(
        rounds=options.rounds, seconds=options.seconds, warm_up_s=2.0, idle_s=12.0,
        chat_seconds=options.seconds / 2, streams=options.streams, steady_s=15.0,
    )  # fmt: skip
    about = {"rounds": length.rounds, "seconds": length.seconds} | {
        name: getattr(options, name) for name in ("workers", "slots", "stored")
    }
    began = time.monotonic()
    result: dict[str, Any] = {}
    with (
        temporary_folder() as folder,
        bench_stack(folder, workers=options.workers, slots=options.slots) as stack,
    ):
        if options.stored:
            stored.fill(stack, jobs=options.stored)
        time.sleep(SETTLE_S)
        if options.only != "chat":
            result |= _jobs(stack, length, about)
            print(report.text(result))
        if options.only != "jobs":
            with _proxy(stack, folder, options.litellm) as proxy:
                result |= _chats(stack, length, about, proxy)
            print(report.plain(chat_report.tables(result)))
    took_s = time.monotonic() - began
    print(f"medians of {length.rounds} rounds of {length.seconds:g} s; {took_s:.0f} s in all")
    if options.write_docs:
        if options.only != "chat":
            docs.write(result)
        if options.only != "jobs":
            chat_report.write(result)
    print(json.dumps(result))
    return 0


def _jobs(stack: BenchStack, length: Length, about: dict[str, Any]) -> dict[str, Any]:
    bench = Bench(stack=stack, seconds=length.seconds, warm_up_s=length.warm_up_s, idle_s=length.idle_s)
    idle = bench.idle()
    measured = [bench.round() for _ in range(length.rounds)]
    return report.result(measured, idle=idle, counted=bench.counted(), about=about)


def _chats(stack: BenchStack, length: Length, about: dict[str, Any], proxy: Proxy | None) -> dict[str, Any]:
    bench = ChatBench(
        stack=stack, seconds=length.chat_seconds, warm_up_s=length.warm_up_s / 2, proxy=proxy
    )  # fmt: skip
    measured = [bench.round() for _ in range(length.rounds)]
    gathered = crowd.gathered(
        stack, bench.keys, streams=length.streams, steady_s=length.steady_s, pace_s=PACE_S
    )
    about = about | {"chat_seconds": length.chat_seconds, "pace_s": PACE_S}
    return chat_report.result(measured, crowd=gathered, proxy=proxy.version if proxy else None, about=about)


@contextmanager
def _proxy(stack: BenchStack, folder: Path, venv: Path | None) -> Iterator[Proxy | None]:
    if why := missing(venv):
        print(f"LiteLLM is not measured beside it: {why}")
        yield None
        return
    assert venv is not None  # noqa: S101 - missing() says so
    with litellm(stack, folder, venv) as proxy:
        yield proxy


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.path", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--only", choices=("jobs", "chat"), help="one of the two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=float, default=8, help="that each number of callers is measured for, chats for half"
    )
    parser.add_argument("--workers", type=int, default=1, choices=(1, 2, 4), help="processes that run jobs")
    parser.add_argument("--slots", type=int, default=32, help="jobs that a worker runs at once")
    parser.add_argument("--stored", type=int, default=0, metavar="N", help="jobs that are there before")
    parser.add_argument("--streams", type=int, default=500, help="chats that are streamed at once")
    parser.add_argument(
        "--litellm",
        type=Path,
        metavar="FOLDER",
        default=os.environ.get("BENCH_LITELLM"),
        help="a virtual environment with litellm[proxy], which is measured beside it",
    )
    parser.add_argument("--write-docs", action="store_true", help="write its parts of docs/benchmarks.md")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
