"""Contracts and our own classes may not differ unsaid: each difference is an error at import."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.wire import members
from tintype.generation.v1 import generation_pb2 as pb

TRIED_AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """As the contract has it."""

    reason: str
    detail: str | None


@dataclass(frozen=True, kw_only=True)
class Richer(Failure):
    """With a field that no message has."""

    advice: str | None = None


@dataclass(frozen=True, kw_only=True)
class Poorer:
    """Without a field that messages have."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """What has kinds of values that need words."""

    status: str
    failure: Failure | None
    started_at: datetime | None
    created_at: datetime
    credits: int | None = None


JOB: dict[str, Any] = {
    "values": {"status": str, "failure": reader(pb.Failure, Failure)},
    "elsewhere": ("credits",),
    "unread": [
        field.name
        for field in pb.Generation.DESCRIPTOR.fields
        if field.name not in {"status", "failure", "started_at", "created_at"}
    ],
}


def test_what_is_there_and_what_is_not() -> None:
    """A text, a message or a time that is absent is None where it may be; what is there is read."""
    assert reader(pb.Failure, Failure)(pb.Failure(reason="R")) == Failure(reason="R", detail=None)
    read = reader(pb.Generation, Job, **JOB)
    empty = read(pb.Generation(), credits=3)
    assert (empty.status, empty.failure, empty.started_at, empty.credits) == ("0", None, None, 3)
    whole = pb.Generation(status=pb.GENERATION_STATUS_QUEUED, failure=pb.Failure(reason="R", detail="d"))
    whole.started_at.FromDatetime(TRIED_AT)
    whole.created_at.FromDatetime(TRIED_AT)
    assert read(whole) == Job(
        status="2", failure=Failure(reason="R", detail="d"), started_at=TRIED_AT, created_at=TRIED_AT
    )


@pytest.mark.parametrize(
    ("ours", "words", "odd"),
    [
        (Richer, {}, "advice"),
        (Poorer, {}, "detail"),
        (Failure, {"values": {"advice": str}}, "advice"),
        (Failure, {"derived": {"advice": str}}, "advice"),
        (Failure, {"names": {"reason": "cause"}}, "cause"),
        (Failure, {"unread": ("advice",)}, "advice"),
        (Failure, {"elsewhere": ("reason",)}, "reason"),
    ],
)
def test_a_difference_is_named(ours: type, words: dict[str, Any], odd: str) -> None:
    """Whatever only one side has, or what is said of a field that neither has."""
    with pytest.raises(TypeError, match=odd):
        reader(pb.Failure, ours, **words)


@pytest.mark.parametrize("field", ["status", "failure"])
def test_what_no_rule_reads_needs_a_word(field: str) -> None:
    """A number of an enumeration, and a message of a contract, are read by what is named for them only."""
    values = {name: read for name, read in JOB["values"].items() if name != field}
    with pytest.raises(TypeError, match=rf"Generation\.{field}"):
        reader(pb.Generation, Job, **{**JOB, "values": values})


def test_a_number_is_never_absent() -> None:
    """Zero credits are no credits, and not an unknown number of them."""

    @dataclass(frozen=True)
    class Settled:
        charge_credits: int | None

    with pytest.raises(TypeError, match="charge_credits is never absent"):
        reader(pb.GetSettlementResponse, Settled, unread=("decision", "reason"))


class Modality(StrEnum):
    """One fewer than the contract has."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


def test_enumerations_are_whole() -> None:
    """A member that either side lacks is named; `more` are names beside ours."""
    with pytest.raises(LookupError, match="MODALITY_TEXT"):
        members(pb.Modality, Modality)
    with pytest.raises(LookupError, match="MODALITY_SOUND"):
        members(pb.Modality, Modality, TEXT=Modality.VIDEO, SOUND=Modality.VIDEO)
    assert members(pb.Modality, Modality, TEXT=Modality.VIDEO) == {
        pb.MODALITY_IMAGE: Modality.IMAGE,
        pb.MODALITY_VIDEO: Modality.VIDEO,
        pb.MODALITY_TEXT: Modality.VIDEO,
        pb.MODALITY_AUDIO: Modality.AUDIO,
    }
