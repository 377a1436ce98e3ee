"""What the gateway needs of what a service gave up: its fake, and the real service over memory."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from chassis.clock import SystemClock
from chassis.events import IncomingEvent
from contract_support import connect, ledger_in_memory, serve_ledger
from deadletters.memory import MemoryLetters
from deadletters.servicer import DeadLetterServicer
from gateway.adapters.outbound.grpc_dead_letters import GrpcDeadLetters
from gateway.adapters.outbound.memory.administration import MemoryAdministration
from gateway.adapters.outbound.memory.dead_letters import MemoryDeadLetters
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain.administration import Actor
from gateway.domain.errors import Forbidden, InvalidRequest, NotFound
from gateway.domain.identifiers import DeadLetterId, SessionId, UserId
from gateway.domain.user import Role
from gateway.ports.dead_letters import DeadLetters
from tintype.billing.v1.events_pb2 import PaymentCompleted

ONE = DeadLetterId("evt_1")


def actor(role: Role) -> Actor:
    """Somebody, and from where."""
    return Actor(
        user_id=UserId("usr_grace"), role=role, session_id=SessionId("ses_1"), client_address="203.0.113.7"
    )


@dataclass
class Desk:
    """The port, how something is given up behind its back, and what still fails."""

    port: DeadLetters
    give_up: Callable[[str], Awaitable[None]]
    fail: Callable[[], None]
    replays: Callable[[], list[Any]]


@pytest.fixture(params=["fake", "real"])
async def desk(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Desk:
    """The fake, and the real adapter before the real servicer."""
    if request.param == "fake":
        administration = MemoryAdministration(MemoryIdentity(SystemClock()))
        fake = MemoryDeadLetters("ledger", administration)

        async def keep(letter_id: str) -> None:
            fake.give_up(letter_id, account_id="usr_ada", given_up_at=datetime.now(UTC))

        return Desk(
            fake, keep, lambda: fake.broken.update({ONE: "KeyError('no')"}), lambda: administration.kept
        )
    letters, broken = MemoryLetters(), []

    async def apply(_event: IncomingEvent) -> None:
        if broken:
            raise KeyError("no")

    async def give_up(letter_id: str) -> None:
        payload = PaymentCompleted(account_id="usr_ada", payment_id="pi_1").SerializeToString()
        event = IncomingEvent(
            subject="tintype.billing.v1.payment_completed.usr_ada",
            event_id=letter_id,
            time=datetime.now(UTC),
            payload=payload,
            deliveries=20,
        )
        await letters.keep(event, ValueError("no such account"))

    target = await serve_ledger(stack, ledger_in_memory(), DeadLetterServicer(letters, apply))
    channel = await connect(stack, target, "gateway")
    return Desk(
        GrpcDeadLetters("ledger", channel), give_up, lambda: broken.append(True), lambda: letters.told
    )


async def test_what_waits_is_listed_in_parts(desk: Desk) -> None:
    """The newest first; with what it is and whom it is about."""
    for number in range(3):
        await desk.give_up(f"evt_{number}")
    first = await desk.port.page(actor(Role.SUPPORT), cursor=None, limit=2)
    rest = await desk.port.page(actor(Role.SUPPORT), cursor=first.next_cursor, limit=2)
    found = [*first.items, *rest.items]
    assert [letter.dead_letter_id for letter in found] == ["evt_2", "evt_1", "evt_0"]
    assert first.next_cursor == first.items[-1].place
    assert rest.next_cursor is None
    letter = await desk.port.find(actor(Role.SUPPORT), ONE)
    assert letter == found[1]
    assert (letter.service, letter.event_type) == ("ledger", "tintype.billing.v1.PaymentCompleted")
    assert (letter.account_id, letter.ids["payment_id"]) == ("usr_ada", "pi_1")
    assert (letter.error, letter.deliveries) == ("ValueError('no such account')", 20)
    assert (letter.replays, letter.replayed_at) == (0, None)


async def test_a_replay_counts_once(desk: Desk) -> None:
    """Answered as it stands."""
    await desk.give_up(ONE)
    for _ in range(2):
        letter = await desk.port.replay(actor(Role.ADMIN), ONE, reason="mended")
        assert (letter.replays, letter.replayed_at is not None) == (1, True)
    assert (await desk.port.page(actor(Role.ADMIN), cursor=None, limit=2)).items == []
    assert (await desk.port.find(actor(Role.SUPPORT), ONE)).replayed_at is not None
    assert len(desk.replays()) == 1


async def test_one_that_fails_again_stays(desk: Desk) -> None:
    """With its new error."""
    await desk.give_up(ONE)
    desk.fail()
    letter = await desk.port.replay(actor(Role.ADMIN), ONE, reason=None)
    assert (letter.replays, letter.replayed_at, letter.error) == (1, None, "KeyError('no')")


async def test_what_may_not_be_is_refused(desk: Desk) -> None:
    """Each with its reason; nothing is applied."""
    await desk.give_up(ONE)
    for asked, kind, reason in (
        (desk.port.page(actor(Role.USER), cursor=None, limit=2), Forbidden, "NOT_STAFF"),
        (desk.port.find(actor(Role.USER), ONE), Forbidden, "NOT_STAFF"),
        (desk.port.replay(actor(Role.SUPPORT), ONE, reason=None), Forbidden, "NOT_AN_ADMIN"),
        (desk.port.find(actor(Role.ADMIN), DeadLetterId("evt_x")), NotFound, "DEAD_LETTER_NOT_FOUND"),
        (
            desk.port.replay(actor(Role.ADMIN), DeadLetterId("evt_x"), reason=None),
            NotFound,
            "DEAD_LETTER_NOT_FOUND",
        ),
    ):
        with pytest.raises(kind) as refused:
            await asked
        assert refused.value.reason == reason
    with pytest.raises(InvalidRequest):
        await desk.port.page(actor(Role.ADMIN), cursor="nonsense", limit=2)
    assert desk.replays() == []
