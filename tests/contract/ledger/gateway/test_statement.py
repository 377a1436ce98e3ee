"""A statement from the ledger's journal to a file on somebody's disk, and what anyone can tell by it."""

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from auditor.statement import main
from contract_support import connect, ledger_in_memory, serve_ledger
from gateway.adapters.inbound.rest.statement import to_csv, to_json
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.errors import InvalidRequest
from gateway.domain.statement import StatementClosing, StatementLine, StatementOpening, StatementPart
from gateway.ports.ledger import Ledger
from ledger.application.adjust_balance import AdjustBalance
from support import START, HandClock, LedgerUnderTest, charge

ME = "usr_me"


@pytest.fixture
async def real(stack: AsyncExitStack) -> tuple[Ledger, LedgerUnderTest]:
    """The real adapter before the real service, with a story an hour long."""
    ledger = ledger_in_memory()
    port = GrpcLedger(await connect(stack, await serve_ledger(stack, ledger), "gateway"))
    await ledger.give(ME, 100)
    ledger.clock.advance(minutes=30)
    reservation_id = await ledger.hold(ME, 30, "gen_1")
    await ledger.apply(charge(reservation_id, 20, "gen_1"))
    ledger.clock.advance(minutes=30)
    await ledger.apply(
        AdjustBalance(
            request_id="adjust:1",
            account_id=ME,
            amount=5,
            actor="usr_admin",
            reason='=Sorry for "all", 猫',
            metadata={"ticket": "T-1", "=": "ü"},
        )
    )
    return port, ledger


async def whole(parts: AsyncIterator[StatementPart]) -> list[StatementPart]:
    """Read a statement to its end."""
    return [part async for part in parts]


async def written(port: Ledger, form: str, *, after_minutes: int | None = None) -> str:
    """A statement as the gateway writes it."""
    since = None if after_minutes is None else START + timedelta(minutes=after_minutes)
    parts = port.statement(ME, since, None)
    opening = await anext(parts)
    assert isinstance(opening, StatementOpening)
    write = to_json if form == "json" else to_csv
    return "".join([text async for text in write(opening, parts)])


def verdict(folder: Path, text: str, *options: str) -> int:
    """What the auditor says of a file."""
    path = folder / "statement"
    path.write_text(text, encoding="utf-8", newline="")
    return main([str(path), *options])


@pytest.mark.parametrize("source", ["fake", "real"])
async def test_the_fake_tells_what_the_ledger_tells(
    source: str, real: tuple[Ledger, LedgerUnderTest]
) -> None:
    """Opening, dense lines that sum to zero, closing; another account's statement is empty."""
    port, _ = real
    if source == "fake":
        fake = port = MemoryLedger(HandClock())
        fake.grant(ME, 100)
        fake.reserve(ME, 30, "gen_1")
        fake.settle("gen_1", charged_credits=20)
        fake.grant(ME, 5)
    opening, *lines, closing = await whole(port.statement(ME, None, None))
    assert isinstance(opening, StatementOpening)
    assert isinstance(closing, StatementClosing)
    assert (opening.available, opening.sequence, opening.hash) == (0, 0, "0" * 64)
    shown = [line for line in lines if isinstance(line, StatementLine)]
    assert [(one.sequence, one.available, one.held, one.revenue, one.balance_after) for one in shown] == [
        (1, 100, 0, 0, 100),
        (2, -30, 30, 0, 70),
        (3, 10, -30, 20, 80),
        (4, 5, 0, 0, 85),
    ]
    for one in shown:
        assert not one.available + one.held + one.world + one.revenue + one.debt + one.adjustment
    assert (closing.available, closing.held, closing.sequence, closing.lines) == (85, 0, 4, 4)
    assert [type(one) for one in await whole(port.statement("usr_new", None, None))] == [
        StatementOpening,
        StatementClosing,
    ]
    with pytest.raises(InvalidRequest):
        await whole(port.statement(ME, START + timedelta(hours=1), START))


@pytest.mark.parametrize("form", ["json", "csv"])
async def test_what_the_ledger_writes_is_what_anyone_verifies(
    tmp_path: Path, real: tuple[Ledger, LedgerUnderTest], form: str
) -> None:
    """The whole statement and a part of it; a hash that was noted then is found now."""
    port, ledger = real
    closing = (await whole(port.statement(ME, None, None)))[-1]
    assert isinstance(closing, StatementClosing)
    assert verdict(tmp_path, await written(port, form)) == 0
    await ledger.give(ME, 1_000)
    assert verdict(tmp_path, await written(port, form), "--hash", closing.hash) == 0
    assert verdict(tmp_path, await written(port, form, after_minutes=30)) == 0
    assert verdict(tmp_path, await written(port, form, after_minutes=90)) == 0


async def test_any_field_that_is_changed_in_json_is_found(
    tmp_path: Path, real: tuple[Ledger, LedgerUnderTest]
) -> None:
    """Every field of every line."""
    text = await written(real[0], "json")
    for place, line in enumerate(json.loads(text)["lines"]):
        for name, value in line.items():
            forged = json.loads(text)
            forged["lines"][place][name] = _other(value)
            assert verdict(tmp_path, json.dumps(forged)) == 1, (place, name)


async def test_any_field_that_is_changed_in_csv_is_found(
    tmp_path: Path, real: tuple[Ledger, LedgerUnderTest]
) -> None:
    """Every cell of every row that says something, the opening's and the closing's too."""
    head, *rows = csv.reader(io.StringIO(await written(real[0], "csv"), newline=""))
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            changed = [[*one] for one in rows]
            changed[place][column] = f"{cell}1" if cell != "{}" else '{"a": "b"}'
            text = io.StringIO(newline="")
            csv.writer(text).writerows([head, *changed])
            assert verdict(tmp_path, text.getvalue()) in (1, 2), (place, head[column])


def _other(value: Any) -> Any:
    if isinstance(value, dict):
        return {**value, "ticket": "T-2"}
    if isinstance(value, int):
        return value - 1
    return ("1" if value[:1] == "0" else "0") + value[1:]
