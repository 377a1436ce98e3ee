"""The producer's half: the real codec gives exactly the golden message, for every fact there is."""

import json

import pytest
from examples import examples
from golden import FOLDER, path_of, written
from tintype.billing.v1 import events_pb2 as billing
from tintype.generation.v1 import events_pb2 as generation
from tintype.identity.v1 import events_pb2 as identity
from tintype.ledger.v1 import events_pb2 as ledger


@pytest.mark.parametrize("ce_type", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_the_codec_gives_the_golden_message(ce_type: str) -> None:
    """Subject, headers and every byte."""
    assert written(examples()[ce_type]) == json.loads(path_of(ce_type).read_text())


def test_every_published_fact_has_a_golden_message() -> None:
    """A new event without one fails here."""
    declared = {
        message.full_name
        for file in (identity, billing, ledger, generation)
        for message in file.DESCRIPTOR.message_types_by_name.values()
    }
    assert declared == {path.stem for path in FOLDER.glob("*.json")} == set(examples())
