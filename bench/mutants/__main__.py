"""`python -m bench.mutants ledger`: mutants of the domain and the use cases, and what the tests overlook."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from embedded.mutants import Mutant, mutants_of

from bench.mutants import equivalents
from bench.mutants.hunt import CannotHunt, hunt
from bench.mutants.report import EQUIVALENT, NOT_REACHED, SURVIVED, Verdict, as_json, survivor, table

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("domain", "application")


def main() -> int:
    """Hunt, and print: a line each survivor, a table, and one JSON object as the last line."""
    asked = _arguments()
    began = time.monotonic()
    # The working tree stays as it is: nothing compiled, no examples kept.
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as storage:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = storage
        sources = [ROOT / "services" / asked.service / "src" / asked.service / layer for layer in LAYERS]
        mutants = [
            mutant
            for source in sources
            for module in _modules(source)
            for mutant in mutants_of(module)
            if module.startswith(asked.only or "")
        ]
        known = equivalents.listed()
        mutants = mutants[:: asked.every]
        passed = [mutant for mutant in mutants if any(entry.is_of(mutant) for entry in known)]
        hunted = [mutant for mutant in mutants if not any(entry.is_of(mutant) for entry in known)]
        print(f"{len(hunted)} mutants, and {len(passed)} that are equivalent", flush=True)
        try:
            verdicts = hunt([f"services/{asked.service}"], sources, hunted, workers=asked.workers)
        except CannotHunt as reason:
            print(reason, file=sys.stderr)
            return 2
    verdicts += [Verdict(mutant, EQUIVALENT) for mutant in passed]
    return _tell(asked.service, verdicts, mutants, known, time.monotonic() - began, is_whole=asked.every == 1)


def _tell(
    service: str,
    verdicts: list[Verdict],
    mutants: list[Mutant],
    known: list[equivalents.Equivalent],
    seconds: float,
    *,
    is_whole: bool,
) -> int:
    for verdict in verdicts:
        if verdict.ending in {SURVIVED, NOT_REACHED}:
            print(survivor(verdict, ROOT))
    outdated = equivalents.outdated(known, mutants) if is_whole else []
    for entry in outdated:
        print(f"no mutant is {entry}: take it out of {equivalents.FILE.relative_to(ROOT)}")
    print(f"\n{table(verdicts)}\n\n{as_json(service, verdicts, seconds)}", flush=True)
    return 1 if outdated else 0


def _arguments() -> argparse.Namespace:
    services = sorted({path.parents[2].name for path in ROOT.glob("services/*/src/*/domain")})
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("service", choices=services)
    parser.add_argument("--only", metavar="MODULE", help="mutants of these modules: ledger.domain.account")
    parser.add_argument("--every", metavar="N", type=int, default=1, help="of every N mutants only the first")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _modules(source: Path) -> list[str]:
    root = source.parents[1]
    return sorted(
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in source.rglob("*.py")
        if path.name != "__init__.py"
    )


if __name__ == "__main__":
    sys.exit(main())
