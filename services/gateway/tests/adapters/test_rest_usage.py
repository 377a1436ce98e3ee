"""`GET /v1/usage`: a row a try, as JSON or CSV, or put together."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from gateway.domain.errors import Unavailable
from gateway.domain.generation import GenerationStatus
from gateway.domain.page import LIMIT_MAX
from gateway_world import Door, assert_problem

COLUMNS = [
    "time", "attempt_id", "generation_id", "model", "provider", "outcome", "reason", "outputs", "tokens",
    "credits", "latency_ms", "key", "key_name",
]  # fmt: skip
CSV = {"Accept": "text/csv"}


async def made(door: Door, status: GenerationStatus = GenerationStatus.SUCCEEDED) -> str:
    """A generation that took 1.5 seconds."""
    generation_id: str = (await door.generate()).json()["id"]
    door.world.generations.start(generation_id)
    door.clock.pass_(seconds=1.5)
    door.world.generations.finish(generation_id, status)
    return generation_id


def rows(text: str) -> list[list[str]]:
    """The table."""
    return list(csv.reader(io.StringIO(text)))


async def test_a_try_is_a_row(rich: Door) -> None:
    """With all that API clients were promised, and nothing of what it cost us."""
    generation_id = await made(rich)
    answer = await rich.http.get("/v1/usage")
    (row,) = answer.json()["data"]
    assert list(row) == COLUMNS
    assert row == {
        "time": "2030-01-02T03:04:05Z",
        "attempt_id": f"att_{1:032x}",
        "generation_id": generation_id,
        "model": "local/sketch",
        "provider": "local",
        "outcome": "succeeded",
        "reason": None,
        "outputs": 1,
        "tokens": None,
        "credits": 5,
        "latency_ms": 1500,
        "key": None,
        "key_name": None,
    }
    assert "cost" not in answer.text


async def test_an_account_without_a_try_has_an_empty_list(rich: Door) -> None:
    """In every form."""
    assert (await rich.http.get("/v1/usage")).json() == {"data": [], "next_cursor": None}
    assert (await rich.http.get("/v1/usage?group_by=day")).json() == {"data": [], "next_cursor": None}
    assert rows((await rich.http.get("/v1/usage", headers=CSV)).text) == [COLUMNS]


async def test_the_table_is_all_of_it(rich: Door) -> None:
    """By `Accept` or by `format`, however many parts it has, as a file."""
    await made(rich)
    tries = rich.world.generations.tries
    ((attempt_id, (owner, usage)),) = tries.items()
    for number in range(2, LIMIT_MAX + 3):
        more = replace(usage, attempt_id=f"att_{number:032x}")
        tries[more.attempt_id] = (owner, more)
    for answer in (
        await rich.http.get("/v1/usage", headers=CSV),
        await rich.http.get("/v1/usage?format=csv&limit=1"),
    ):
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="tintype-usage.csv"'
        head, *body = rows(answer.text)
        assert head == COLUMNS
        assert len(body) == len({row[1] for row in body}) == LIMIT_MAX + 2
        assert body[-1][1] == attempt_id


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_is_a_formula(rich: Door, begin: str) -> None:
    """A spreadsheet that opens the table runs nothing."""
    await made(rich)
    tries = rich.world.generations.tries
    ((attempt_id, (owner, usage)),) = tries.items()
    tries[attempt_id] = (owner, replace(usage, provider=f"{begin}cmd|'/c calc'!A0"))
    (_, row) = rows((await rich.http.get("/v1/usage", headers=CSV)).text)
    assert row[4] == f"'{begin}cmd|'/c calc'!A0"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("model=local/sketch", 2),
        ("model=local/motion", 0),
        ("outcome=failed", 1),
        ("outcome=failed&outcome=succeeded", 2),
        ("provider=local&outcome=lost", 0),
        ("from=2030-01-02T03:04:06Z", 1),
        ("to=2030-01-02T03:04:06Z", 1),
    ],
)
async def test_a_filter_counts_in_every_form(rich: Door, query: str, count: int) -> None:
    """In lists, tables and groups."""
    await made(rich)
    await made(rich, GenerationStatus.FAILED)
    assert len((await rich.http.get(f"/v1/usage?{query}")).json()["data"]) == count
    assert len(rows((await rich.http.get(f"/v1/usage?{query}", headers=CSV)).text)) == count + 1
    groups = (await rich.http.get(f"/v1/usage?{query}&group_by=model")).json()["data"]
    assert sum(group["attempts"] for group in groups) == count


async def test_tries_are_put_together(rich: Door) -> None:
    """As JSON and as a table."""
    await made(rich)
    await made(rich, GenerationStatus.FAILED)
    expected: dict[str, Any] = {"attempts": 2, "outputs": 1, "tokens": 0, "credits": 5}
    expected |= {"key": None, "key_name": None}
    by_day = (await rich.http.get("/v1/usage?group_by=day")).json()
    assert by_day == {"data": [{"day": "2030-01-02", "model": None, **expected}], "next_cursor": None}
    table = await rich.http.get("/v1/usage?group_by=day&group_by=model", headers=CSV)
    assert rows(table.text) == [
        ["day", "model", "attempts", "outputs", "tokens", "credits", "key", "key_name"],
        ["2030-01-02", "local/sketch", "2", "1", "0", "5", "", ""],
    ]


async def test_what_a_key_asked_for_is_told_apart(rich: Door) -> None:
    """In every form, also once it is revoked; `none` is for what somebody asked for who was signed in."""
    own, keyed = await made(rich), await made(rich)
    tries = rich.world.generations.tries
    for attempt_id, (owner, usage) in tries.items():
        if usage.generation_id == keyed:
            named = replace(usage, api_key_id="key_1", api_key_name="Nightly")
            tries[attempt_id] = (owner, named)  # type: ignore[assignment]
    shown = (await rich.http.get("/v1/usage?key=key_1")).json()["data"]
    assert [(row["generation_id"], row["key"], row["key_name"]) for row in shown] == [
        (keyed, "key_1", "Nightly")
    ]
    (_, row) = rows((await rich.http.get("/v1/usage?key=none", headers=CSV)).text)
    assert (row[2], row[-2:]) == (own, ["", ""])
    assert (await rich.http.get("/v1/usage?key=key_2")).json()["data"] == []
    groups = (await rich.http.get("/v1/usage?group_by=key")).json()["data"]
    assert [(group["key"], group["key_name"], group["attempts"]) for group in groups] == [
        ("key_1", "Nightly", 1),
        ("none", None, 1),
    ]


async def test_another_sees_nothing_of_it(rich: Door) -> None:
    """In no form."""
    await made(rich)
    await rich.sign_up("eve@example.com")
    assert (await rich.http.get("/v1/usage")).json()["data"] == []
    assert (await rich.http.get("/v1/usage?group_by=model")).json()["data"] == []
    assert rows((await rich.http.get("/v1/usage", headers=CSV)).text) == [COLUMNS]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "query",
    [
        "outcome=waiting",
        "group_by=hour",
        "from=2030-01-02T00:00:00Z&to=2030-01-02T00:00:00Z",
        "cursor=x",
        "provider=",
        "key=",
        "key=a%20b",
    ],
)
async def test_what_makes_no_sense_is_refused(rich: Door, query: str) -> None:
    """Naming the field, in either form."""
    assert_problem(await rich.http.get(f"/v1/usage?{query}"), 422, "INVALID_REQUEST")
    if not query.startswith("cursor"):
        assert_problem(await rich.http.get(f"/v1/usage?{query}", headers=CSV), 422, "INVALID_REQUEST")


async def test_a_stranger_reads_nothing(door: Door) -> None:
    """Who has not signed in has no usage."""
    assert (await door.http.get("/v1/usage")).status_code == 401
    assert (await door.http.get("/v1/usage", headers=CSV)).status_code == 401


async def test_a_table_that_can_not_begin_is_a_problem(rich: Door) -> None:
    """And no file with nothing in it."""

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("generation does not answer", reason="STORAGE_UNAVAILABLE")

    rich.world.usage_log.tries = away  # type: ignore[method-assign]
    answer = await rich.http.get("/v1/usage", headers=CSV)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
