"""The statement as a table, and whether it adds up."""

from rich.console import Console
from rich.table import Table

from tintype_local.demo.client import Json


def show(entries: list[Json], console: Console) -> None:
    """Print the entries, oldest first."""
    table = Table(title="Statement", title_justify="left")
    for heading, justify in (("#", "right"), ("kind", "left"), ("amount", "right"), ("taken", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    table.add_column("available", justify="right")
    table.add_column("held", justify="right")
    table.add_column("for")
    for entry in entries:
        about = entry["generation_id"] or entry["payment_id"] or entry["reason"] or ""
        taken = str(entry["settled"]) if entry["settled"] else ""
        row = (str(entry["sequence"]), entry["kind"], f"{entry['amount']:+d}", taken)
        table.add_row(*row, str(entry["balance_after"]), str(entry["held_after"]), about[:36])
    console.print(table)


def adds_up(entries: list[Json], balance: Json) -> bool:
    """Whether amounts sum to every running balance and to the balance that the API shows."""
    running = 0
    for expected, entry in enumerate(entries, start=1):
        running += entry["amount"]
        if entry["sequence"] != expected or entry["balance_after"] != running:
            return False
    return bool(running == balance["available"] and balance["held"] == 0)
