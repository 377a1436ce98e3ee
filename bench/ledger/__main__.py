"""`python -m bench.ledger`: everything in one run, a table, and one JSON object as the last line."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from bench.ledger import docs, phases, report, servers
from bench.ledger.phases import Plan


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round on a short journal")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="that each case is measured for")
    parser.add_argument("--profile", type=Path, metavar="FOLDER", help="write what the servers spend time on")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md and its picture")
    options = parser.parse_args(arguments)
    plan = (
        Plan(rounds=1, seconds=2, warm_up_s=1, small_only=True, profile=options.profile)
        if options.quick
        else Plan(rounds=options.rounds, seconds=options.seconds, warm_up_s=2, profile=options.profile)
    )
    if options.profile:
        options.profile.mkdir(parents=True, exist_ok=True)
    # What goes wrong on purpose, such as a broker that closes, is no news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    began = time.monotonic()
    with servers.temporary_folder() as folder:
        runs = phases.run(plan, folder)
    result = report.result(runs, rounds=plan.rounds, seconds=plan.seconds)
    print(report.table(result))
    print(f"medians of {plan.rounds} rounds of {plan.seconds} s; {time.monotonic() - began:.0f} s in all")
    if options.write_docs:
        docs.write(result)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
