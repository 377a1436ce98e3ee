"""Requests that are repeated across releases: what was asked before is recognised, over every store."""

from dataclasses import dataclass, replace

import pytest
from command_makers import charge
from ledger.application import fingerprint_v1
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.fingerprint import fingerprint
from ledger.domain.errors import IdempotencyKeyReused
from ledger.domain.request import RecordedRequest
from ledger.ports.unit_of_work import Needs
from support import LedgerUnderTest

ME = "usr_me"


@dataclass(kw_only=True, slots=True)
class ChargeOfTheFuture(ChargeReservation):
    """A charge as a later release may have it, with one more optional field."""

    asked = (*ChargeReservation.asked, "tip")

    tip: int | None = None


def of_the_future(command: ChargeReservation, *, tip: int | None = None) -> ChargeOfTheFuture:
    """The same, as a later release reads it."""
    return ChargeOfTheFuture(
        request_id=command.request_id,
        reservation_id=command.reservation_id,
        amount=command.amount,
        tip=tip,
    )


async def decided_before(ledger: LedgerUnderTest, command: ChargeReservation, *, by_version: int) -> None:
    """Write down that a charge was done, as that release did."""
    forms = {1: fingerprint_v1.fingerprint(command, present=()), 2: fingerprint(command)}
    async with ledger.units.of_system() as work:
        found = await work.load(Needs(accounts={ME}))
        found.remember(
            RecordedRequest(
                command.request_id,
                ME,
                "ChargeReservation",
                forms[by_version] or "",
                command.reservation_id,
                None,
                ledger.clock.now(),
            )
        )
        await work.save(found)


@pytest.mark.parametrize("by_version", [1, 2])
async def test_an_old_charge_is_recalled_by_every_later_release(
    any_ledger: LedgerUnderTest, by_version: int
) -> None:
    """With one more optional field or without; it charges nothing a second time."""
    await any_ledger.give(ME, 100)
    command = charge(await any_ledger.hold(ME, 40, "gen_1"), 30, "gen_1")
    await decided_before(any_ledger, command, by_version=by_version)
    for repeated in (command, of_the_future(command)):
        assert (await any_ledger.apply(repeated)).replayed
    assert await any_ledger.available(ME) == (60, 40)


@pytest.mark.parametrize("by_version", [1, 2])
async def test_another_charge_under_an_old_id_is_refused(
    any_ledger: LedgerUnderTest, by_version: int
) -> None:
    """Also one that asks for something that did not exist then; nothing changes."""
    await any_ledger.give(ME, 100)
    command = charge(await any_ledger.hold(ME, 40, "gen_1"), 30, "gen_1")
    await decided_before(any_ledger, command, by_version=by_version)
    for another in (replace(command, amount=31), of_the_future(command, tip=0)):
        with pytest.raises(IdempotencyKeyReused):
            await any_ledger.apply(another)
    assert await any_ledger.available(ME) == (60, 40)
