"""Generation's half: CreditsReserved starts one job, once."""

from dataclasses import replace
from typing import Any

import pytest
from generation.application.start_generation import CreditsReserved
from generation.domain.identifiers import GenerationId, ReservationId
from generation_house import House
from golden import delivered
from tintype.ledger.v1 import events_pb2

UNKNOWN_FIELD = bytes([0xC2, 0x3E, 0x03]) + b"new"
CE_TYPE = "tintype.ledger.v1.CreditsReserved"


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
async def test_a_reservation_starts_its_job_once(extra: bytes) -> None:
    """The golden message, read as the worker reads it, starts the waiting job; a second delivery nothing."""
    house = House()
    waiting = await house.queued()
    rename(house.units.tables, waiting.generation_id, "gen_1")
    event = delivered(CE_TYPE, extra=extra)
    message = events_pb2.CreditsReserved.FromString(event.payload)
    command = CreditsReserved(
        event_id=event.event_id,
        generation_id=GenerationId(message.generation_id),
        reservation_id=ReservationId(message.reservation_id),
    )
    worker = house.worker()
    job = await worker.start(command)
    assert job is not None
    assert await worker.start(command) is None


def rename(tables: Any, old: str, new: str) -> None:
    """Give the job the id that the golden message names."""
    tables.generations[new] = replace(tables.generations.pop(old), generation_id=GenerationId(new))
