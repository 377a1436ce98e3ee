"""Verify a statement offline: `python -m auditor.statement FILE [--hash HEX]`.

Needs nothing but this file, the one that it imports and Python's standard library. It makes the hash of every
line again from the line and the hash before it, adds up the books, and follows the balances from the opening
to the closing.

A line's hash is sha256(previous hash as 32 bytes + the line as JSON with sorted keys, no blanks and UTF-8,
without its own hash). The previous hash of an account's first line is 32 zero bytes.

A statement that was forged as a whole agrees with itself as well. Whoever noted a hash earlier gives it with
`--hash`: it must be in the chain, and then no line up to it was changed since.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from auditor.statement_file import BALANCES, BOOKS, GENESIS, HASH, NotAStatement, Object, Statement, read

PROBLEMS_MAX = 20


@dataclass
class Verdict:
    """What was found. `problems` is empty when everything agrees."""

    problems: list[str] = field(default_factory=list)
    noted_at: int | None = None

    def expect(self, where: str, what: str, shown: object, right: object) -> None:
        """Note a problem unless what is shown is right."""
        if shown != right:
            self.problems.append(f"{where}: {what} is {shown!r}, it should be {right!r}")


def verify(statement: Statement, noted: str | None = None) -> Verdict:
    """Check everything that a statement says about itself, and that a noted hash is in its chain."""
    verdict = Verdict()
    opening, closing = statement.opening, statement.closing
    at = {name: opening[name] for name in BALANCES}
    sealed, unsealed, time = opening["hash"], 0, ""
    if at["sequence"] == 0:
        verdict.expect("opening", "the beginning", opening, {**dict.fromkeys(BALANCES, 0), "hash": GENESIS})
    if noted and noted == sealed:
        verdict.noted_at = at["sequence"]
    for line in statement.lines:
        at["sequence"] += 1
        where = f"line {line['sequence']}"
        verdict.expect(where, "sequence", line["sequence"], at["sequence"])
        verdict.expect(where, "account_id", line["account_id"], statement.account_id)
        verdict.expect(where, "the sum of the books", sum(line[book] for book in BOOKS), 0)
        at["available"] += line["available"]
        at["held"] += line["held"]
        at["debt"] -= line["debt"]
        verdict.expect(where, "balance_after", line["balance_after"], at["available"])
        verdict.expect(where, "held_after", line["held_after"], at["held"])
        if line["created_at"] < time or not _within(line["created_at"], statement):
            verdict.problems.append(f"{where}: its time is out of order or out of range")
        time = line["created_at"]
        if not line["hash"]:
            unsealed += 1
        elif unsealed or not sealed:
            verdict.problems.append(f"{where}: it is sealed, though something before it is not")
        else:
            verdict.expect(where, "hash", line["hash"], hash_of(sealed, line))
        sealed = line["hash"] or sealed
        if noted and noted == line["hash"]:
            verdict.noted_at = line["sequence"]
    right = {**at, "hash": sealed, "lines": len(statement.lines), "unsealed": unsealed}
    for name, shown in closing.items():
        verdict.expect("closing", name, shown, right[name])
    if noted and verdict.noted_at is None:
        verdict.problems.append(f"the hash that you noted is not in this statement: {noted}")
    return verdict


def hash_of(previous: str, line: Object) -> str:
    """Return the hash that a line should have after the previous one."""
    content = {name: value for name, value in line.items() if name != "hash"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(bytes.fromhex(previous) + text.encode(errors="surrogatepass")).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Verify one file; 0: it holds, 1: it does not, 2: it is not a statement."""
    parser = argparse.ArgumentParser(
        prog="python -m auditor.statement", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("file", type=Path, help="a statement, JSON or CSV")
    parser.add_argument("--hash", help="a hash that you noted earlier, which must be in the chain")
    given = parser.parse_args(arguments)
    return verify_file(given.file, given.hash)


def verify_file(path: Path, noted: str | None = None) -> int:
    """Verify one file and say so; returns the exit code."""
    noted = noted.strip().lower() if noted else None
    if noted and not HASH.fullmatch(noted):
        _say(f"--hash: {noted!r} is not 64 hexadecimal digits")
        return 2
    try:
        statement = read(path)
    except NotAStatement as failure:
        _say(f"{path} is not a statement: {failure}")
        return 2
    verdict = verify(statement, noted)
    for text in _report(statement, verdict, noted):
        _say(text)
    return 1 if verdict.problems else 0


def _report(statement: Statement, verdict: Verdict, noted: str | None) -> Iterator[str]:
    opening, closing = statement.opening, statement.closing
    yield f"Statement of {statement.account_id}: {len(statement.lines)} lines"
    for title, part in (("opening", opening), ("closing", closing)):
        yield (
            f"  {title}  {part['available']} available, {part['held']} held, {part['debt']} owed"
            f"  (after line {part['sequence']})"
        )
    if verdict.problems:
        yield from (f"  {problem}" for problem in verdict.problems[:PROBLEMS_MAX])
        if (more := len(verdict.problems) - PROBLEMS_MAX) > 0:
            yield f"  and {more} more"
        yield "NOT VERIFIED"
        return
    if unsealed := sum(not line["hash"] for line in statement.lines):
        yield f"  the last {unsealed} lines are not sealed yet: their balances add up, no more is proven"
    yield f"  last hash {closing['hash'] or 'none yet'}"
    if noted:
        yield f"VERIFIED: the chain holds, and the hash that you noted is that of line {verdict.noted_at}."
    else:
        yield "VERIFIED: the chain holds. Note the last hash, and give it with --hash next time."


def _within(time: str, statement: Statement) -> bool:
    return (statement.since or "") <= time and (statement.until is None or time < statement.until)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
