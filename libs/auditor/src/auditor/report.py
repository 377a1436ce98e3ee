"""Runs the whole check and shows it to a person or to a program."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import grpc
from rich.console import Console
from rich.table import Table

from auditor.grpc_sources import GrpcBooks, explain
from auditor.model import Finding
from auditor.reconcile import reconcile

# Facts are settled within moments; what is still open after this many looks is broken.
LOOKS_MAX = 10
BETWEEN_LOOKS_S = 1.0
WIDE_COLUMNS = 130


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Every invariant with what was found; `failure` when a service could not be asked."""

    findings: tuple[Finding, ...] = ()
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
        }

    def print(self, console: Console, *, as_json: bool) -> None:
        """Show a table, or one JSON object."""
        if as_json:
            console.print_json(json.dumps(self.as_dict()))
            return
        if self.failure:
            console.print(f"[red]error[/] {self.failure}", highlight=False)
            return
        # The names say it; the sentences only where there is room for them.
        roomy = console.width >= WIDE_COLUMNS
        table = Table("invariant", *(["what it says"] if roomy else []), "checked", "broken", "")
        for finding in self.findings:
            verdict = "[green]pass[/]" if finding.violations == 0 else "[red]FAIL[/]"
            said = [finding.description] if roomy else []
            table.add_row(finding.invariant, *said, str(finding.checked), str(finding.violations), verdict)
        console.print(table)
        for finding in self.findings:
            if finding.examples:
                console.print(f"{finding.invariant}: {', '.join(finding.examples)}")


async def run_verify(environment: Mapping[str, str]) -> Verification:
    """Check the ledger's invariants and reconcile it with generations and payments.

    Reads AUDITOR_LEDGER_TARGET, AUDITOR_BILLING_TARGET, AUDITOR_GENERATION_TARGET and
    AUDITOR_CALLER_TOKEN. What is on its way between services is looked at again before it counts.
    """
    names = ("LEDGER_TARGET", "BILLING_TARGET", "GENERATION_TARGET", "CALLER_TOKEN")
    if missing := [f"AUDITOR_{name}" for name in names if f"AUDITOR_{name}" not in environment]:
        return Verification(failure=f"{', '.join(missing)}: not set")
    books = GrpcBooks(
        ledger=environment["AUDITOR_LEDGER_TARGET"],
        billing=environment["AUDITOR_BILLING_TARGET"],
        generation=environment["AUDITOR_GENERATION_TARGET"],
        token=environment["AUDITOR_CALLER_TOKEN"],
    )
    try:
        own = await books.ledger_invariants()
        return Verification(findings=(*own, *await _reconciled(books)))
    except grpc.aio.AioRpcError as failure:
        return Verification(failure=explain(failure))
    finally:
        await books.close()


async def _reconciled(books: GrpcBooks) -> list[Finding]:
    findings = reconcile(await books.read())
    for _ in range(LOOKS_MAX - 1):
        if not any(finding.violations for finding in findings):
            break
        await asyncio.sleep(BETWEEN_LOOKS_S)
        findings = reconcile(await books.read())
    return findings
