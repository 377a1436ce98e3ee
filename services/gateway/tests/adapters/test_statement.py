"""How a person gets a statement: JSON or CSV, from the API or from the console."""

import csv
import html
import io
import re

import pytest
from gateway_world import ORIGIN, PASSWORD, Door

URL = "/v1/ledger/statement"


async def test_a_statement_as_json(door: Door) -> None:
    """One object: opening, lines with every field that is hashed, closing."""
    user_id = await door.sign_up(welcome_credits=1000)
    await door.generate()
    answer = await door.http.get(URL)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="tintype-statement.json"'
    statement = answer.json()
    assert statement["format"] == "tintype.statement.v1"
    assert (statement["account_id"], statement["from"], statement["to"]) == (user_id, None, None)
    zeroes = {"available": 0, "held": 0, "debt": 0, "sequence": 0, "hash": "0" * 64}
    assert statement["opening"] == zeroes
    lines = statement["lines"]
    assert [(one["sequence"], one["kind"], one["available"]) for one in lines] == [
        (1, "grant", 1000),
        (2, "reserve", -5),
    ]
    assert len(lines[0]) == 25
    assert lines[0]["created_at"].endswith("Z")
    assert len(lines[0]["created_at"]) == len("2026-01-02T03:04:05.678901Z")
    closing = statement["closing"]
    assert (closing["available"], closing["held"], closing["lines"]) == (995, 5, 2)


@pytest.mark.parametrize(
    ("query", "accept"),
    [({"format": "csv"}, "*/*"), ({}, "text/csv"), ({"format": "csv"}, "application/json")],
)
async def test_a_statement_as_csv(door: Door, query: dict[str, str], accept: str) -> None:
    """The opening, a row a line, the closing."""
    await door.sign_up(welcome_credits=1000)
    await door.generate()
    answer = await door.http.get(URL, params=query, headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["part"] for row in rows] == ["opening", "line", "line", "closing"]
    assert [row["balance_after"] for row in rows] == ["0", "1000", "995", "995"]


async def test_a_long_statement_is_whole(door: Door) -> None:
    """More lines than are written at once, each once, in both forms."""
    user_id = await door.sign_up()
    for amount in range(1, 251):
        door.world.ledger.grant(user_id, amount)
    lines = (await door.http.get(URL)).json()["lines"]
    assert [line["available"] for line in lines] == list(range(1, 251))
    rows = list(csv.DictReader(io.StringIO((await door.http.get(f"{URL}?format=csv")).text, newline="")))
    assert [row["available"] for row in rows[1:-1]] == [str(amount) for amount in range(1, 251)]


async def test_a_text_that_looks_like_a_formula_is_guarded(door: Door) -> None:
    """No spreadsheet runs what somebody wrote as a payment's id."""
    user_id = await door.sign_up()
    for payment_id in ("=1+1", "'quoted", "plain"):
        door.world.ledger.grant(user_id, 10, source=f"payment:{payment_id}")
    rows = list(csv.DictReader(io.StringIO((await door.http.get(f"{URL}?format=csv")).text, newline="")))
    assert [row["payment_id"] for row in rows[1:-1]] == ["'=1+1", "''quoted", "plain"]


async def test_a_range_that_ends_first_is_a_problem(door: Door) -> None:
    """Refused before anything is sent."""
    await door.sign_up(welcome_credits=10)
    bounds = {"from": "2030-01-02T00:00:00Z", "to": "2030-01-01T00:00:00Z"}
    answer = await door.http.get(URL, params=bounds)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await door.http.get(URL, params={"from": "yesterday"})).status_code == 422
    assert (await door.http.get(URL, params={"format": "pdf"})).status_code == 422


async def test_nobody_gets_a_statement_without_signing_in(door: Door) -> None:
    """It is the account's own."""
    assert (await door.http.get(URL)).status_code == 401


@pytest.mark.parametrize(("label", "kind"), [("CSV", "text/csv"), ("JSON", "application/json")])
async def test_the_console_offers_both(door: Door, label: str, kind: str) -> None:
    """The history page links to downloads that the console's own session may read."""
    form = {"email": "ada@example.com", "password": PASSWORD}
    await door.http.post("/signup", data=form, headers={"Origin": ORIGIN})
    page = (await door.http.get("/billing")).text
    link = re.search(rf'<a href="([^"]+)" download="[^"]+" aria-label="Download statement as {label}"', page)
    assert link, page
    answer = await door.http.get(html.unescape(link.group(1)))
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
