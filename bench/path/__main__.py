"""`python -m bench.path`: a generation's path in one run, tables, and one JSON object as the last line."""

import argparse
import json
import sys
import time
from collections.abc import Sequence

from bench.ledger.servers import temporary_folder
from bench.path import docs, report, stored
from bench.path.cases import Bench
from bench.path.stack import bench_stack

# A stack that has just started still looks around: what it does then is no rest.
SETTLE_S = 5.0


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.path", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=float, default=8, help="that each number of callers is measured for"
    )
    parser.add_argument("--workers", type=int, default=1, choices=(1, 2, 4), help="processes that run jobs")
    parser.add_argument("--slots", type=int, default=32, help="jobs that a worker runs at once")
    parser.add_argument("--stored", type=int, default=0, metavar="N", help="jobs that are there before")
    parser.add_argument("--write-docs", action="store_true", help="write its part of docs/benchmarks.md")
    options = parser.parse_args(arguments)
    rounds, seconds, warm_up_s, idle_s = (
        (1, 2.0, 1.0, 3.0) if options.quick else (options.rounds, options.seconds, 2.0, 12.0)
    )
    began = time.monotonic()
    with (
        temporary_folder() as folder,
        bench_stack(folder, workers=options.workers, slots=options.slots) as stack,
    ):
        if options.stored:
            stored.fill(stack, jobs=options.stored)
        time.sleep(SETTLE_S)
        bench = Bench(stack=stack, seconds=seconds, warm_up_s=warm_up_s, idle_s=idle_s)
        idle = bench.idle()
        measured = [bench.round() for _ in range(rounds)]
        counted = bench.counted()
    about = {"rounds": rounds, "seconds": seconds} | {
        name: getattr(options, name) for name in ("workers", "slots", "stored")
    }
    result = report.result(measured, idle=idle, counted=counted, about=about)
    print(report.text(result))
    print(f"medians of {rounds} rounds of {seconds:g} s; {time.monotonic() - began:.0f} s in all")
    if options.write_docs:
        docs.write(result)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
