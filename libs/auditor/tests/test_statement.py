"""A statement is verified with nothing but itself, and no field of it can be changed unseen."""

import copy
import csv
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from auditor.statement import main

ME = "usr_0192f3a1"
# The last hash of STATEMENT, pinned: the canonical form never changes.
LAST_HASH = "b92bba0f4338530ce8d4bd22dd2d82dd42705d0a72cd2448280028f189fd88b9"


def line(sequence: int, balance: int, holds: int, **changes: Any) -> dict[str, Any]:
    """A line that moves nothing, but for the changes."""
    return {
        "account_id": ME,
        "actor": "usr_admin",
        "adjustment": 0,
        "available": 0,
        "balance_after": balance,
        "breakage": 0,
        "category": "paid",
        "created_at": f"2026-01-02T03:04:0{sequence}.000005Z",
        "debt": 0,
        "entry_id": f"ent_{sequence}",
        "grant_id": "grt_1",
        "held": 0,
        "held_after": holds,
        "kind": "grant",
        "metadata": {"key": "wert", "a": "ü"},
        "payment_id": "pi_1",
        "reason": '=Thé "à la" carte\n, 猫',
        "reference": "gen_1",
        "request_id": "payment:pi_1",
        "reservation_id": "res_1",
        "revenue": 0,
        "sequence": sequence,
        "transaction_id": f"txn_{sequence}",
        "world": 0,
        **changes,
    }


def statement() -> dict[str, Any]:
    """Lines 3 to 6 of a journal: a grant pays a debt of 5, a hold, a charge, a correction."""
    lines = [
        line(3, 105, 0, available=95, world=-100, debt=5),
        line(4, 75, 30, available=-30, held=30, kind="reserve"),
        line(5, 85, 0, available=10, held=-30, revenue=20, kind="charge", metadata={}),
        line(6, 86, 0, available=1, adjustment=-1, kind="adjust", reason="'"),
    ]
    opened = previous = "ab" * 32
    for one in lines:
        text = json.dumps(one, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = sha256(bytes.fromhex(previous) + text.encode()).hexdigest()
        one["hash"] = previous
    return {
        "format": "tintype.statement.v1",
        "account_id": ME,
        "from": "2026-01-02T03:04:03.000000Z",
        "to": None,
        "opening": {"available": 10, "held": 0, "debt": 5, "sequence": 2, "hash": opened},
        "lines": lines,
        "closing": {
            "available": 86,
            "held": 0,
            "debt": 0,
            "sequence": 6,
            "hash": previous,
            "lines": 4,
            "unsealed": 0,
        },
    }


STATEMENT = statement()
FIELDS = sorted(STATEMENT["lines"][0])


def rows(document: dict[str, Any]) -> list[dict[str, str]]:
    """The same as rows of a CSV."""

    def cell(value: Any) -> str:
        if isinstance(value, dict):
            return json.dumps(value)
        text = str(value)
        return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "'") else text

    def end(part: str, time: str | None) -> dict[str, str]:
        shown = document[part]
        return dict.fromkeys(document["lines"][0], "") | {
            "part": part,
            "account_id": document["account_id"],
            "created_at": time or "",
            "balance_after": str(shown["available"]),
            "held_after": str(shown["held"]),
            "debt": str(shown["debt"]),
            "sequence": str(shown["sequence"]),
            "hash": shown["hash"],
        }

    lines = [
        {"part": "line", **{name: cell(value) for name, value in one.items()}} for one in document["lines"]
    ]
    return [end("opening", document["from"]), *lines, end("closing", document["to"])]


def written(path: Path, table: list[dict[str, str]]) -> Path:
    """Write a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=["part", *sorted(set(table[0]) - {"part"})])
        writer.writeheader()
        writer.writerows(table)
    return path


def as_json(folder: Path, document: dict[str, Any]) -> str:
    """Write a JSON file and return its path."""
    path = folder / "statement.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def changed(value: Any) -> Any:
    """Something else of the same type."""
    if isinstance(value, dict):
        return {**value, "a": "other"}
    if isinstance(value, int):
        return value + 1
    if len(value) == 64:
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return value + "x"


def test_a_true_statement_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON and CSV, with and without a noted hash; the form of what is hashed is pinned."""
    assert STATEMENT["closing"]["hash"] == LAST_HASH
    for path in (as_json(tmp_path, STATEMENT), str(written(tmp_path / "statement.csv", rows(STATEMENT)))):
        assert main([path]) == 0
        assert main([path, "--hash", STATEMENT["lines"][1]["hash"].upper()]) == 0
        assert "that of line 4" in capsys.readouterr().out
        assert main([path, "--hash", "ab" * 32]) == 0
        assert main([path, "--hash", "cd" * 32]) == 1
        assert "not in this statement" in capsys.readouterr().out
        assert main([path, "--hash", "ab"]) == 2


@pytest.mark.parametrize("place", range(4))
def test_any_change_of_a_line_is_found(tmp_path: Path, place: int) -> None:
    """Each field of each line, in JSON and in CSV."""
    for name in FIELDS:
        forged = copy.deepcopy(STATEMENT)
        forged["lines"][place][name] = changed(forged["lines"][place][name])
        assert main([as_json(tmp_path, forged)]) == 1, name
        assert main([str(written(tmp_path / "statement.csv", rows(forged)))]) == 1, name


@pytest.mark.parametrize("end", ["opening", "closing"])
def test_any_change_of_an_end_is_found(tmp_path: Path, end: str) -> None:
    """What the statement opens and closes with must agree with its lines."""
    for name in STATEMENT[end]:
        forged = copy.deepcopy(STATEMENT)
        forged[end][name] = changed(forged[end][name])
        assert main([as_json(tmp_path, forged)]) == 1, name
        if name not in ("lines", "unsealed"):
            assert main([str(written(tmp_path / "statement.csv", rows(forged)))]) == 1, name


@pytest.mark.parametrize("place", range(4))
def test_lines_that_are_left_out_repeated_or_swapped_are_found(tmp_path: Path, place: int) -> None:
    """Every line once, in its order."""
    lines = STATEMENT["lines"]
    for forged in (
        lines[:place] + lines[place + 1 :],
        [*lines[:place], lines[place], *lines[place:]],
        [*lines[:place], *lines[place + 1 :], lines[place]] if place < 3 else lines[::-1],
    ):
        assert main([as_json(tmp_path, {**STATEMENT, "lines": forged})]) == 1
        assert main([str(written(tmp_path / "s.csv", rows({**STATEMENT, "lines": forged})))]) == 1


def test_an_account_a_time_or_an_apostrophe_too_many_is_found(tmp_path: Path) -> None:
    """What is outside of the lines, and what a CSV adds to a text."""
    assert main([as_json(tmp_path, {**STATEMENT, "account_id": "usr_other"})]) == 1
    assert main([as_json(tmp_path, {**STATEMENT, "from": "2026-01-02T03:04:04.000000Z"})]) == 1
    table = rows(STATEMENT)
    table[2]["actor"] = "'usr_admin"
    assert main([str(written(tmp_path / "statement.csv", table))]) == 2
    table = rows(STATEMENT)
    table[0]["reason"] = "a word"
    assert main([str(written(tmp_path / "statement.csv", table))]) == 2


def test_the_end_may_wait_for_the_sealer_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines without a hash are only allowed at the end, and are said to prove less."""
    waiting = copy.deepcopy(STATEMENT)
    waiting["lines"][3]["hash"] = ""
    waiting["closing"] |= {"hash": waiting["lines"][2]["hash"], "unsealed": 1}
    assert main([as_json(tmp_path, waiting)]) == 0
    assert "not sealed yet" in capsys.readouterr().out
    waiting["lines"][3]["balance_after"] += 1
    assert main([as_json(tmp_path, waiting)]) == 1
    skipped = copy.deepcopy(STATEMENT)
    skipped["lines"][1]["hash"] = ""
    skipped["closing"]["unsealed"] = 1
    assert main([as_json(tmp_path, skipped)]) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": "tintype.statement.v1"}', "a,b\n1,2\n", "\x00", '"']
)
def test_something_else_is_no_statement(tmp_path: Path, text: str) -> None:
    """Another file is told apart from a broken statement."""
    path = tmp_path / "file"
    path.write_text(text)
    assert main([str(path)]) == 2
    assert main([str(tmp_path / "absent")]) == 2


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["sequence", "available", "metadata", "reason", "hash"])
@pytest.mark.parametrize("value", [1.0, None, True, [], "10", {"a": 1}])
def test_values_of_another_type_are_refused(tmp_path: Path, name: str, value: object) -> None:
    """A number is a whole number and a text is a text."""
    forged = copy.deepcopy(STATEMENT)
    forged["lines"][1][name] = value
    assert main([as_json(tmp_path, forged)]) in ((1, 2) if name == "reason" else (2,))


def test_it_needs_the_standard_library_alone(tmp_path: Path) -> None:
    """It runs where nothing is installed."""
    folder = Path(__file__).parents[1] / "src"
    path = as_json(tmp_path, STATEMENT)
    program = f"""
import sys
sys.path.append({str(folder)!r})
from auditor.statement import main
sys.exit(main([{path!r}]))"""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "VERIFIED" in ran.stdout
