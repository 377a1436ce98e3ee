"""Runs the whole check and shows it to a person or to a program."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import grpc
from rich.console import Console
from rich.table import Table

from auditor.grpc_sources import GrpcBooks, explain
from auditor.model import Books, Finding
from auditor.reconcile import GRACE, reconcile
from auditor.three_way import ThreeWay, three_way

# Facts are settled within moments; what is still open after this many looks is broken.
LOOKS_MAX = 10
BETWEEN_LOOKS_S = 1.0
WIDE_COLUMNS = 130


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Every invariant with what was found; `failure` when a service or the processor could not be asked."""

    findings: tuple[Finding, ...] = ()
    money: ThreeWay | None = None
    failure: str = ""

    @property
    def ok(self) -> bool:
        """Whether every invariant was checked and holds."""
        return not self.failure and all(finding.violations == 0 for finding in self.findings)

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "ok": self.ok,
            "failure": self.failure,
            "invariants": [{**asdict(finding), "ok": not finding.violations} for finding in self.findings],
            "money": None if self.money is None else asdict(self.money),
        }

    def print(self, console: Console, *, as_json: bool) -> None:
        """Show a table, or one JSON object."""
        if as_json:
            console.print_json(json.dumps(self.as_dict()))
            return
        if self.findings:
            self._print_table(console)
        if self.money is not None:
            _print_money(console, self.money)
        if self.failure:
            console.print(f"[red]error[/] {self.failure}", highlight=False)

    def _print_table(self, console: Console) -> None:
        # The names say it; the sentences only where there is room for them.
        roomy = console.width >= WIDE_COLUMNS
        table = Table("invariant", *(["what it says"] if roomy else []), "checked", "pending", "broken", "")
        for finding in self.findings:
            verdict = "[green]pass[/]" if finding.violations == 0 else "[red]FAIL[/]"
            said = [finding.description] if roomy else []
            counts = (finding.checked, finding.pending, finding.violations)
            table.add_row(finding.invariant, *said, *(str(count) for count in counts), verdict)
        console.print(table)
        for finding in self.findings:
            if finding.examples:
                console.print(f"{finding.invariant}: {', '.join(finding.examples)}")


def _print_money(console: Console, money: ThreeWay) -> None:
    """Show what each of the three says, and then each payment of which they say different things."""
    table = Table("money", "ledger", "billing", "payment processor")
    for row in (*money.totals, *money.differences):
        table.add_row(row.about, row.ledger, row.billing, row.processor)
    console.print(table)
    if (more := money.differing - len(money.differences)) > 0:
        console.print(f"and {more} more that differ")


async def run_verify(environment: Mapping[str, str]) -> Verification:
    """Check the ledger's invariants and reconcile it with generations, payments and the payment processor.

    Reads AUDITOR_LEDGER_TARGET, AUDITOR_BILLING_TARGET, AUDITOR_GENERATION_TARGET and
    AUDITOR_CALLER_TOKEN; AUDITOR_GRACE_S, 300 by default, is how long what moved at the processor may be on
    its way. What is on its way between services is looked at again before it counts.
    """
    names = ("LEDGER_TARGET", "BILLING_TARGET", "GENERATION_TARGET", "CALLER_TOKEN")
    if missing := [f"AUDITOR_{name}" for name in names if f"AUDITOR_{name}" not in environment]:
        return Verification(failure=f"{', '.join(missing)}: not set")
    try:
        grace = timedelta(seconds=float(environment.get("AUDITOR_GRACE_S") or GRACE.total_seconds()))
    except (ValueError, OverflowError):
        return Verification(failure="AUDITOR_GRACE_S: not a number of seconds")
    books = GrpcBooks(
        ledger=environment["AUDITOR_LEDGER_TARGET"],
        billing=environment["AUDITOR_BILLING_TARGET"],
        generation=environment["AUDITOR_GENERATION_TARGET"],
        token=environment["AUDITOR_CALLER_TOKEN"],
    )
    try:
        own = await books.ledger_invariants()
        findings, read = await _reconciled(books, grace)
        return Verification(findings=(*own, *findings), money=three_way(read), failure=read.processor_failure)
    except grpc.aio.AioRpcError as failure:
        return Verification(failure=explain(failure))
    finally:
        await books.close()


async def _reconciled(source: GrpcBooks, grace: timedelta) -> tuple[list[Finding], Books]:
    """Look until nothing is broken, or for the last time; return also what was read then."""
    for look in range(LOOKS_MAX):
        await asyncio.sleep(BETWEEN_LOOKS_S if look else 0)
        books = await source.read()
        findings = reconcile(books, now=datetime.now(UTC), grace=grace)
        if not any(finding.violations for finding in findings):
            break
    return findings, books
