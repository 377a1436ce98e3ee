"""A field that is forgotten on one side fails before anything is served."""

from dataclasses import dataclass, make_dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from generation.adapters.inbound.named_fields import Named
from generation.adapters.outbound.postgres.columns import Columns, Spread
from generation.domain.generation import Status
from generation.domain.identifiers import RunId
from sqlalchemy import Text
from tintype.generation.v1 import generation_pb2 as pb


@dataclass(frozen=True)
class Reason:
    """As the contract has it."""

    reason: str
    detail: str


def test_what_is_named_alike_is_told() -> None:
    """Value by value."""
    named = Named(pb.Failure, Reason)
    assert named.message(Reason("WHY", "because")) == pb.Failure(reason="WHY", detail="because")


@pytest.mark.parametrize(
    ("record", "exceptions"),
    [
        ([("reason", str)], {}),
        ([("reason", str), ("detail", str), ("more", str)], {}),
        ([("reason", str), ("detail", str)], {"hidden": {"detail"}}),
        ([("reason", str), ("detail", str)], {"made": {"more"}}),
        ([("reason", str), ("detail", str)], {"hidden": {"more"}}),
    ],
    ids=[
        "in the message alone",
        "in the record alone",
        "told and hidden",
        "made of nothing",
        "hidden nothing",
    ],
)
def test_a_difference_ends_the_import(record: list[tuple[str, type]], exceptions: dict[str, Any]) -> None:
    """Whichever side has it, and whatever the exceptions say."""
    with pytest.raises(TypeError):
        Named(pb.Failure, make_dataclass("Record", record), **exceptions)


def test_what_is_made_is_given_each_time() -> None:
    """Neither left out nor something else."""
    named = Named(pb.Failure, make_dataclass("Record", [("reason", str)]), made={"detail"})
    record = make_dataclass("Record", [("reason", str)])("WHY")
    assert named.message(record, detail="made") == pb.Failure(reason="WHY", detail="made")
    for made in ({}, {"reason": "x", "detail": "y"}):
        with pytest.raises(TypeError):
            named.message(record, **made)


def test_every_status_has_its_word() -> None:
    """The contract knows each."""
    values = pb.GenerationStatus.keys()
    assert {f"GENERATION_STATUS_{status.name}" for status in Status} <= set(values)


def test_columns_follow_from_types() -> None:
    """Ids are texts; what may be None is a column of what it is else."""
    fields = [("key", str), ("run_id", RunId | None), ("at", datetime), ("status", Status | None)]
    record = make_dataclass("Record", fields)
    columns = Columns(record, key="key")
    assert {name: str(kind) for name, kind in columns.types.items()} == {
        "key": "TEXT",
        "run_id": "TEXT",
        "at": "DATETIME",
        "status": "TEXT",
    }
    row = columns.row(record("k", None, datetime(2026, 1, 1, tzinfo=UTC), Status.QUEUED))
    assert row["status"] == "queued"


def test_a_field_without_a_column_ends_the_import() -> None:
    """A type of our own has none, and an exception for a field that is not there is a mistake."""
    with pytest.raises(TypeError, match="has no column"):
        Columns(make_dataclass("Record", [("key", str), ("reason", Reason)]), key="key")
    spread = {"more": Spread({"more": Text()}, write=lambda _: {}, read=lambda _: None)}
    with pytest.raises(TypeError, match="has no more"):
        Columns(make_dataclass("Record", [("key", str)]), key="key", spread=spread)
