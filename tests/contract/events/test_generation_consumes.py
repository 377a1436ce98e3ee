"""Generation's half: CreditsReserved starts one job, SubscriptionChanged is kept, each once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chassis.events import Refused
from examples import NOW
from generation.adapters.inbound import gone_people
from generation.adapters.inbound.gone_people import GonePeople
from generation.adapters.inbound.plan_changes import SUBJECTS, PlanChanges
from generation.application.begin_erasure import BeginErasureHandler
from generation.application.start_generation import CreditsReserved
from generation.domain.entitlements import Entitlements
from generation.domain.identifiers import AccountId, GenerationId, ReservationId
from generation_house import House
from golden import delivered
from tintype.billing.v1 import events_pb2 as billing
from tintype.ledger.v1 import events_pb2

UNKNOWN_FIELD = bytes([0xC2, 0x3E, 0x03]) + b"new"
CE_TYPE = "tintype.ledger.v1.CreditsReserved"
CHANGED = "tintype.billing.v1.SubscriptionChanged"


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


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
async def test_a_changed_plan_is_kept_once(extra: bytes) -> None:
    """All that it opens and until when; told again, and followed by an older one, it stays as it is."""
    house = House()
    changes = PlanChanges(house.keep_entitlements)
    event = delivered(CHANGED, extra=extra)
    older = billing.SubscriptionChanged.FromString(event.payload)
    older.revision -= 1
    older.ClearField("entitlements")
    late = replace(event, event_id="evt_late", payload=older.SerializeToString())
    for each in (event, event, replace(event, event_id="evt_another"), late):
        await changes.handle(each)
        assert house.units.tables.entitlements == {
            "usr_alice": Entitlements(
                account_id=AccountId("usr_alice"),
                words=("premium", "priority"),
                valid_until=NOW + timedelta(days=34),
                revision=2,
            )
        }


GONE = "tintype.identity.v1.UserDeleted"


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
async def test_an_erased_account_is_noted_once_and_stays_erased(extra: bytes) -> None:
    """Told again, under whatever id, it is noted already; a later change of its plan keeps nothing."""
    house = House()
    gone = GonePeople(BeginErasureHandler(house.units, house.clock))
    event = delivered(GONE, extra=extra)
    for each in (event, event, replace(event, event_id="evt_another")):
        await gone.handle(each)
        assert house.units.tables.erasures == {"usr_alice": None}
    await PlanChanges(house.keep_entitlements).handle(delivered(CHANGED))
    assert house.units.tables.entitlements == {}
    with pytest.raises(Refused):
        await gone.handle(replace(event, subject=event.subject.replace("usr_alice", "usr_bob")))


async def test_a_change_that_can_not_be_counted_is_refused() -> None:
    """Without a number, or another account's: nothing is kept."""
    house = House()
    changes = PlanChanges(house.keep_entitlements)
    event = delivered(CHANGED)
    for told in ({"revision": 0}, {"account_id": "usr_bob"}):
        message = billing.SubscriptionChanged.FromString(event.payload)
        for name, value in told.items():
            setattr(message, name, value)
        with pytest.raises(Refused):
            await changes.handle(replace(event, payload=message.SerializeToString()))
    assert house.units.tables.entitlements == {}


def test_what_is_asked_for_is_where_it_is_told() -> None:
    """One word of the subject is the account."""
    prefix, _, account = delivered(CHANGED).subject.rpartition(".")
    assert ((f"{prefix}.*",), account) == (SUBJECTS, "usr_alice")
    prefix, _, account = delivered(GONE).subject.rpartition(".")
    assert ((f"{prefix}.*",), account) == (gone_people.SUBJECTS, "usr_alice")


def rename(tables: Any, old: str, new: str) -> None:
    """Give the job the id that the golden message names."""
    tables.generations[new] = replace(tables.generations.pop(old), generation_id=GenerationId(new))
