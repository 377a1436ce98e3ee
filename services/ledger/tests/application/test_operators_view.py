"""What operators see of the writing: commands by outcome, how long each took, how long credits were held."""

from collections.abc import Mapping

import pytest
from command_makers import charge, grant, reserve
from ledger.application.command_writer import CommandWriter
from ledger.domain.errors import InsufficientCredits
from ledger.domain.identifiers import EventId
from ledger.ports.meter import NoMeter
from support import LedgerUnderTest

ME = "usr_me"
GRANTED, RESERVED = "CreditsGranted", "CreditsReserved"


class Measured(NoMeter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], int] = {}
        self.held_s: list[float] = []

    def committed(self, *, commands: int, duration_s: float, outcomes: Mapping[tuple[str, str], int]) -> None:
        """Add up."""
        assert commands == sum(outcomes.values())
        assert 0 <= duration_s < 60
        for key, times in outcomes.items():
            self.outcomes[key] = self.outcomes.get(key, 0) + times

    def settled(self, held_s: float) -> None:
        """Keep it."""
        self.held_s.append(held_s)


async def test_what_operators_see(ledger: LedgerUnderTest) -> None:
    """Commands by outcome, and how long credits were held: once for each reservation."""
    await ledger.give(ME, 100)
    meter, clock = Measured(), ledger.clock
    writer = CommandWriter(ledger.units, clock, ledger.ids, meter=meter)
    made = await writer.apply(reserve(ME, 40, "gen_1"))
    assert made is not None
    with pytest.raises(InsufficientCredits):
        await writer.apply(reserve(ME, 100, "gen_2"))
    clock.advance(seconds=7)
    for request in ("gen_1", "gen_1", "late"):
        await writer.apply(charge(made.made_id, 40, request))
        clock.advance(seconds=1)
    await ledger.facts.expect(GRANTED, RESERVED, "CreditsCharged")
    assert meter.held_s == [7.0]
    assert meter.outcomes == {
        ("ReserveCredits", "ok"): 1,
        ("ReserveCredits", "INSUFFICIENT_CREDITS"): 1,
        ("ChargeReservation", "ok"): 2,
        ("ChargeReservation", "replayed"): 1,
    }


async def test_a_settlement_is_measured_by_the_command_that_settled(ledger: LedgerUnderTest) -> None:
    """Not by a repeat, be it in the same moment, nor by what comes too late."""
    await ledger.give(ME, 100)
    meter = Measured()
    writer = CommandWriter(ledger.units, ledger.clock, ledger.ids, meter=meter)
    held = await writer.apply(reserve(ME, 40, "gen_1"))
    assert held is not None
    assert meter.held_s == []
    ledger.clock.advance(seconds=7)
    await writer.apply(charge(held.made_id, 40, "gen_1"))
    assert meter.held_s == [7.0]
    await writer.apply(charge(held.made_id, 40, "gen_1"))
    ledger.clock.advance(seconds=1)
    await writer.apply(charge(held.made_id, 40, "late"))
    assert meter.held_s == [7.0]
    await ledger.facts.expect(GRANTED, RESERVED, "CreditsCharged")


async def test_a_refusal_is_counted_by_its_reason_and_an_event_that_is_told_again_by_itself(
    ledger: LedgerUnderTest,
) -> None:
    """Also a refusal that is told again: it is the reason that matters."""
    meter = Measured()
    writer = CommandWriter(ledger.units, ledger.clock, ledger.ids, meter=meter)
    for _ in range(2):
        await writer.apply(grant(ME, 10, request_id="req_1"), event_id=EventId("evt_1"))
    await writer.apply_batch([reserve(ME, 11, "gen_1"), charge("res_none", 1), reserve(ME, 11, "gen_1")])
    assert meter.outcomes == {
        ("GrantCredits", "ok"): 1,
        ("GrantCredits", "event_handled_before"): 1,
        ("ReserveCredits", "INSUFFICIENT_CREDITS"): 2,
        ("ChargeReservation", "RESERVATION_NOT_FOUND"): 1,
    }
    await ledger.facts.expect(GRANTED)
