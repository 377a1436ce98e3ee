"""What a person and a program see of a verification."""

import io
import json

from auditor.model import Finding
from auditor.report import Verification, run_verify
from auditor.three_way import Row, ThreeWay
from rich.console import Console

RIGHT = Finding(invariant="chain_holds", description="it does", checked=3, violations=0)
PENDING = Finding(invariant="on_its_way", description="it is", checked=3, violations=0, pending=2)
BROKEN = Finding(
    invariant="broken", description="it is", checked=3, violations=1, examples=("pi_1",), pending=1
)


def shown(verification: Verification, *, as_json: bool = False) -> str:
    """What is printed."""
    console = Console(file=io.StringIO(), width=160, color_system=None)
    verification.print(console, as_json=as_json)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_is_pending_is_said_and_does_not_fail() -> None:
    """Both to people and to programs."""
    verification = Verification(findings=(RIGHT, PENDING))
    assert verification.ok
    row = next(line for line in shown(verification).splitlines() if "on_its_way" in line)
    assert [cell.strip() for cell in row.split("│")[3:7]] == ["3", "2", "0", "pass"]
    invariants = json.loads(shown(verification, as_json=True))["invariants"]
    assert [(one["invariant"], one["pending"], one["ok"]) for one in invariants] == [
        ("chain_holds", 0, True),
        ("on_its_way", 2, True),
    ]


def test_what_is_broken_is_named() -> None:
    """With its offenders."""
    verification = Verification(findings=(RIGHT, BROKEN))
    assert not verification.ok
    assert "broken: pi_1" in shown(verification)


def test_a_failure_hides_no_finding_and_is_no_success() -> None:
    """The processor could not be asked: the rest is shown, and the exit code says so."""
    verification = Verification(findings=(RIGHT,), failure="the payment processor was not compared: away")
    assert not verification.ok
    assert "chain_holds" in shown(verification)
    assert "not compared: away" in shown(verification)


def test_the_money_is_a_table_of_three_columns() -> None:
    """With what differs after the totals, to people and to programs."""
    total = Row(about="payments", ledger="1: 1000 credits", billing="0", processor="1: 1000 usd")
    lost = Row(about="pi_lost", ledger="nothing", billing="nothing", processor="1000 usd")
    verification = Verification(
        findings=(BROKEN,), money=ThreeWay(totals=(total,), differences=(lost,), differing=3)
    )
    printed = shown(verification)
    for row in (total, lost):
        line = next(line for line in printed.splitlines() if row.about in line)
        assert [cell.strip() for cell in line.split("│")[1:5]] == [
            row.about,
            row.ledger,
            row.billing,
            row.processor,
        ]
    assert "and 2 more that differ" in printed
    money = json.loads(shown(verification, as_json=True))["money"]
    assert (money["differing"], money["differences"][0]["about"]) == (3, "pi_lost")


async def test_missing_and_wrong_settings_are_named() -> None:
    """Nobody is asked."""
    names = ("LEDGER_TARGET", "BILLING_TARGET", "GENERATION_TARGET", "CALLER_TOKEN")
    assert "AUDITOR_CALLER_TOKEN" in (await run_verify({})).failure
    environment = {f"AUDITOR_{name}": "127.0.0.1:9" for name in names}
    for wrong in ("soon", "1e999"):
        verification = await run_verify({**environment, "AUDITOR_GRACE_S": wrong})
        assert verification.failure.startswith("AUDITOR_GRACE_S")
