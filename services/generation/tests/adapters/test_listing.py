"""What a list may be asked for, and whose page a token is of."""

import base64
from datetime import UTC, datetime

import pytest
from chassis.timestamps import to_timestamp
from generation.adapters.inbound.listing import library_filter, page_start, page_token
from generation.domain.errors import CollectionNotFound, InvalidInput
from generation.domain.generation import Status
from generation.domain.identifiers import CollectionId, GenerationId
from generation.domain.library_filter import EVERY_JOB, LibraryFilter
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.generation.v1 import generation_pb2 as pb

PLACE = GenerationId(f"gen_{5:032x}")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
COLLECTION = CollectionId(f"col_{7:032x}")
FAVOURITES = LibraryFilter(favourites_only=True)
COLLECTED = LibraryFilter(collection_id=COLLECTION)


def test_filters_are_read() -> None:
    """What is not said does not matter; a job that waits for the ledger is queued to its user."""
    assert library_filter(pb.ListGenerationsRequest()) == EVERY_JOB
    request = pb.ListGenerationsRequest(
        statuses=[pb.GENERATION_STATUS_QUEUED],
        model_id="local/sketch",
        modality=pb.MODALITY_VIDEO,
        created_from=to_timestamp(NOON),
        created_before=to_timestamp(NOON.replace(hour=13)),
        favourites_only=True,
        search=" Red  FOX red ",
        collection_id=COLLECTION,
    )
    assert library_filter(request) == LibraryFilter(
        statuses=frozenset({Status.QUEUED, Status.RESERVING}),
        model_id="local/sketch",
        modality="video",
        created_from=NOON,
        created_before=NOON.replace(hour=13),
        favourites_only=True,
        words=("red", "fox"),
        collection_id=COLLECTION,
    )


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("statuses", pb.ListGenerationsRequest(statuses=[99])),
        ("modality", pb.ListGenerationsRequest(modality=99)),
        ("search", pb.ListGenerationsRequest(search="x" * 201)),
        ("search", pb.ListGenerationsRequest(search="a\x00b")),
        ("created_from", pb.ListGenerationsRequest(created_from=Timestamp(seconds=10**15))),
        (
            "created_before",
            pb.ListGenerationsRequest(created_from=to_timestamp(NOON), created_before=to_timestamp(NOON)),
        ),
    ],
)
def test_what_makes_no_sense_is_named(field: str, request_: pb.ListGenerationsRequest) -> None:
    """By its field, before anything is looked for."""
    with pytest.raises(InvalidInput) as refused:
        library_filter(request_)
    assert [violation.field for violation in refused.value.violations] == [field]


@pytest.mark.parametrize(
    "wanted", [EVERY_JOB, FAVOURITES, COLLECTED, LibraryFilter(created_from=NOON, words=("a",))]
)
def test_a_token_belongs_to_its_filters(wanted: LibraryFilter) -> None:
    """It starts the next page of the same list, and of no other."""
    token = page_token(PLACE, wanted)
    assert page_start(token, wanted) == PLACE
    assert (page_token(None, wanted), page_start("", wanted)) == ("", None)
    for other in (EVERY_JOB, FAVOURITES, COLLECTED, LibraryFilter(words=("a",))):
        if other == wanted:
            continue
        with pytest.raises(InvalidInput, match="other filters"):
            page_start(token, other)


@pytest.mark.parametrize("text", ["col_7", "gen_" + "0" * 32, "col_" + "0" * 31 + "G", "\x00"])
def test_what_is_no_collection_is_not_found(text: str) -> None:
    """As one that is somebody else's."""
    with pytest.raises(CollectionNotFound):
        library_filter(pb.ListGenerationsRequest(collection_id=text))


@pytest.mark.parametrize("text", ["nothing", "gen_5", f"{PLACE}x", f".{PLACE}"])
def test_what_is_no_token_is_refused(text: str) -> None:
    """Whatever it was made of."""
    for token in (text, base64.urlsafe_b64encode(text.encode()).decode()):
        with pytest.raises(InvalidInput, match="page_token: is not from an earlier page"):
            page_start(token, EVERY_JOB)
