"""`python -m bench.ledger.compare CHECKOUT`: what a pair costs here and in another checkout, by turns."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from embedded.component import running

from bench.ledger import databases, pairs, servers

HERE = Path(__file__).resolve().parents[2]
# Until its statements are prepared and its memory has grown, a process is slower.
WARM_UP_ROUNDS = 3


@dataclass(kw_only=True)
class Side:
    """One checkout's ledger in a process of its own, and the microseconds of a pair in each round."""

    process: "subprocess.Popen[str]"
    pair_us: list[float] = field(default_factory=list)

    def measure(self) -> float:
        """Run one round. Raises RuntimeError where the process is gone; its log said why."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        if not (line := self.process.stdout.readline()):
            raise RuntimeError("the process ended")
        return float(line)


@contextmanager
def side(checkout: Path, admin_dsn: str, *, name: str) -> Iterator[Side]:
    """Start a checkout's ledger over a database of its own, made by its own migrations."""
    migrations = checkout / "services" / "ledger" / "migrations"
    template = databases.template(admin_dsn, name=name, pairs_per_account=1, migrations=migrations)
    sources = [str(path) for path in sorted(checkout.glob("*/*/src"))]
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, pairs.__file__, template.database.url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Side(process=process)
        if process.stdin is not None:
            # It ends with its input.
            process.stdin.close()


def main(arguments: Sequence[str]) -> int:
    """Compare; returns the exit code, 1 where this checkout is slower than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger.compare", description=__doc__)
    parser.add_argument("checkout", type=Path, help="that this one is compared with")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--ratio-max", type=float, help="fail where a pair takes more times as long")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.temporary_folder())
        server = servers.postgres(folder)
        stack.enter_context(running(server, log=folder / "postgres.log"))
        dsn = server.admin_dsn()
        there = stack.enter_context(side(options.checkout.resolve(), dsn, name="there"))
        here = stack.enter_context(side(HERE, dsn, name="here"))
        for number in range(WARM_UP_ROUNDS + options.rounds):
            # Neither is always the one that finds the processor's cache as the other left it.
            for measured in (there, here) if number % 2 else (here, there):
                measured.pair_us.append(measured.measure())
    before, after = there.pair_us[WARM_UP_ROUNDS:], here.pair_us[WARM_UP_ROUNDS:]
    ratios = sorted(mine / other for mine, other in zip(after, before, strict=True))
    lowest, median, highest = statistics.quantiles(ratios, n=4)
    print(f"there: median {statistics.median(before):.1f} us a pair, best {min(before):.1f}")
    print(f"here:  median {statistics.median(after):.1f} us a pair, best {min(after):.1f}")
    print(f"here by there: {median:.3f}, half of {len(ratios)} rounds from {lowest:.3f} to {highest:.3f}")
    result = {
        "there_us": round(statistics.median(before), 1),
        "here_us": round(statistics.median(after), 1),
        "ratio": round(median, 3),
        "ratio_quartiles": [round(lowest, 3), round(highest, 3)],
        "ratio_of_best": round(min(after) / min(before), 3),
    }
    print(json.dumps(result))
    return int(options.ratio_max is not None and median > options.ratio_max)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
