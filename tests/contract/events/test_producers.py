"""The producer's half: the real codec gives exactly the golden message, for every fact there is."""

import json
from importlib import import_module

import pytest
from embedded.topology import topology
from examples import examples
from golden import FOLDER, path_of, written
from google.protobuf.descriptor import Descriptor


@pytest.mark.parametrize("ce_type", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_the_codec_gives_the_golden_message(ce_type: str) -> None:
    """Subject, headers and every byte."""
    assert written(examples()[ce_type]) == json.loads(path_of(ce_type).read_text())


def events_of(service: str) -> list[Descriptor]:
    """The messages of its events.proto."""
    contract = import_module(f"tintype.{service}.v1.events_pb2").DESCRIPTOR
    return list(contract.message_types_by_name.values())


def test_every_published_fact_has_a_golden_message() -> None:
    """A new event without one fails here."""
    declared = {
        message.full_name
        for service in topology().services.values()
        if service.publishes
        for message in events_of(service.name)
    }
    assert declared == {path.stem for path in FOLDER.glob("*.json")} == set(examples())
