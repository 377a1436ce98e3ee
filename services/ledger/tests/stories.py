"""What each use case publishes, story by story: every fact of it, in order, and nothing else.

A story sets the scene, says `telling()`, and does one thing. What is told within is listed beside it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from chassis.events import OutgoingEvent
from command_makers import adjust, charge, claw_back, grant, refund, renew, reserve
from ledger.application.command_writer import CommandWriter
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.open_account import OpenAccount
from ledger.domain.errors import LedgerError
from ledger.domain.lot import Category
from ledger.ports.generation_settlements import Decision, Settlement
from support import START, LedgerUnderTest
from tintype.ledger.v1 import events_pb2

ME = "usr_me"
DAY_S = 86_400


class Scene:
    """A ledger, and what it told while it was listened to: `Fact key=value ... available/held/debt`."""

    def __init__(self, ledger: LedgerUnderTest) -> None:
        self.ledger = ledger
        self.told: list[str] = []

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Listen."""
        before = len(await self.ledger.outbox())
        try:
            yield
        finally:
            self.told = [in_words(event) for event in (await self.ledger.outbox())[before:]]


Story = Callable[[Scene], Awaitable[None]]


def in_words(event: OutgoingEvent) -> str:
    """Everything that a fact tells but its ids and its time."""
    name = event.ce_type.rpartition(".")[2]
    message = getattr(events_pb2, name).FromString(event.payload)
    said = " ".join(
        f"{field.name}={value}"
        for field, value in message.ListFields()
        if field.message_type is None and field.name not in {"account_id", "grant_id", "reservation_id"}
    )
    balance = message.balance
    return f"{name} {said} {balance.available}/{balance.held}/{balance.debt}"


async def refused(doing: Awaitable[object]) -> None:
    """Do what is refused."""
    try:
        await doing
    except LedgerError:
        return
    raise AssertionError("it was not refused")


async def granted(scene: Scene) -> None:
    """Credits of a payment."""
    async with scene.telling():
        await scene.ledger.give(ME, 100, Category.PAID, payment_id="pi_1")


async def granted_again(scene: Scene) -> None:
    """A repeated request."""
    await scene.ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    async with scene.telling():
        await scene.ledger.give(ME, 100, Category.PAID, payment_id="pi_1")


async def granted_twice(scene: Scene) -> None:
    """A payment under another request id is refused."""
    await scene.ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    async with scene.telling():
        await refused(scene.ledger.apply(grant(ME, 100, Category.PAID, payment_id="pi_1", request_id="r")))


async def granted_after_its_clawback(scene: Scene) -> None:
    """A payment whose money is back already."""
    await scene.ledger.apply(claw_back(ME, "pi_1", "refund", 30))
    async with scene.telling():
        await scene.ledger.give(ME, 100, Category.PAID, payment_id="pi_1")


async def renewed(scene: Scene) -> None:
    """The rest of the old period is gone."""
    await scene.ledger.apply(renew(ME, 50, expires_at=START + timedelta(days=30)))
    await scene.ledger.hold(ME, 20, "gen_1")
    async with scene.telling():
        await scene.ledger.apply(renew(ME, 60, expires_at=START + timedelta(days=60)))


async def reserved(scene: Scene) -> None:
    """Credits for a job."""
    await scene.ledger.give(ME, 100)
    async with scene.telling():
        await scene.ledger.hold(ME, 40, "gen_1")


async def reserved_until_little_is_left(scene: Scene) -> None:
    """Below the threshold, told once: when it is passed."""
    ledger = scene.ledger
    writer = CommandWriter(ledger.units, ledger.clock, ledger.ids, low_balance=50)
    await ledger.give(ME, 100)
    await ledger.give(ME, 20, expires_in_s=60)
    async with scene.telling():
        for number in range(3):
            await writer.apply(reserve(ME, 30, f"gen_{number}"))


async def reserved_in_vain(scene: Scene) -> None:
    """Too few credits."""
    await scene.ledger.give(ME, 10)
    async with scene.telling():
        await refused(scene.ledger.hold(ME, 11, "gen_1"))


async def previewed(scene: Scene) -> None:
    """A dry run."""
    await scene.ledger.give(ME, 10)
    async with scene.telling():
        await scene.ledger.preview(reserve(ME, 5, "gen_1"))


async def charged(scene: Scene) -> None:
    """Less than was reserved; a second settlement tells nothing."""
    await scene.ledger.give(ME, 100)
    held = await scene.ledger.hold(ME, 40, "gen_1")
    async with scene.telling():
        await scene.ledger.apply(charge(held, 30, "gen_1"))
        await scene.ledger.apply(refund(held, "gen_1"))


async def charged_after_its_lot_expired(scene: Scene) -> None:
    """What returns is gone at once."""
    await scene.ledger.give(ME, 100, expires_in_s=60)
    held = await scene.ledger.hold(ME, 100, "gen_1")
    scene.ledger.clock.advance(seconds=60)
    async with scene.telling():
        await scene.ledger.apply(charge(held, 30, "gen_1"))


async def given_back(scene: Scene) -> None:
    """A failure."""
    await scene.ledger.give(ME, 100)
    held = await scene.ledger.hold(ME, 40, "gen_1")
    async with scene.telling():
        await scene.ledger.apply(refund(held, "gen_1"))


async def given_back_by_hand(scene: Scene) -> None:
    """A charge that a person takes back."""
    await scene.ledger.give(ME, 100)
    held = await scene.ledger.hold(ME, 40, "gen_1")
    await scene.ledger.apply(charge(held, 30, "gen_1"))
    async with scene.telling():
        await scene.ledger.apply(refund(held, even_if_charged=True, reason="unhappy"))


async def extended(scene: Scene) -> None:
    """More time moves no credits."""
    await scene.ledger.give(ME, 100)
    held = await scene.ledger.hold(ME, 40, "gen_1")
    async with scene.telling():
        await scene.ledger.apply(ExtendReservation(request_id="e", reservation_id=held, ttl_s=9_000))


async def clawed_back(scene: Scene) -> None:
    """Twice the same cause, then a smaller target: only what changes is told."""
    await scene.ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    async with scene.telling():
        for target in (30, 30, 10):
            await scene.ledger.apply(claw_back(ME, "pi_1", "refund", target))


async def clawed_back_beside_expired_credits(scene: Scene) -> None:
    """What expired is gone first, the rest is owed."""
    await scene.ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    await scene.ledger.apply(adjust(ME, -100))
    await scene.ledger.give(ME, 10, expires_in_s=60)
    scene.ledger.clock.advance(seconds=60)
    async with scene.telling():
        await scene.ledger.apply(claw_back(ME, "pi_1", "refund", 100))


async def reinstated(scene: Scene) -> None:
    """A dispute that was won, of a payment whose lot expired meanwhile."""
    expires_at = START + timedelta(seconds=60)
    await scene.ledger.apply(grant(ME, 100, Category.PAID, payment_id="pi_1", expires_at=expires_at))
    await scene.ledger.apply(claw_back(ME, "pi_1", "dispute:dp_1", 100))
    scene.ledger.clock.advance(seconds=60)
    async with scene.telling():
        await scene.ledger.apply(claw_back(ME, "pi_1", "dispute:dp_1", 100, reinstated=True))


async def opened(scene: Scene) -> None:
    """An account with nothing in it; a correction finds it then, and none before."""
    async with scene.telling():
        await refused(scene.ledger.apply(adjust(ME, 5)))
        await scene.ledger.apply(OpenAccount(request_id="open:usr_me", account_id=ME))
        await scene.ledger.apply(adjust(ME, 5))


async def adjusted(scene: Scene) -> None:
    """Up, down, and further down than there is."""
    await scene.ledger.give(ME, 100)
    async with scene.telling():
        await scene.ledger.apply(adjust(ME, 5))
        await scene.ledger.apply(adjust(ME, -25))
        await refused(scene.ledger.apply(adjust(ME, -81)))


async def swept_lots(scene: Scene) -> None:
    """Two lots of one account are one fact; the second sweep finds nothing."""
    await scene.ledger.give(ME, 50, expires_in_s=60)
    await scene.ledger.give(ME, 25, expires_in_s=50)
    await scene.ledger.give(ME, 5)
    scene.ledger.clock.advance(seconds=60)
    async with scene.telling():
        await scene.ledger.expire_lots()
        await scene.ledger.expire_lots()


async def told_of_expiry(scene: Scene) -> None:
    """Each lot once, three days before; what was spent of it is not told."""
    await scene.ledger.give(ME, 50, expires_in_s=10 * DAY_S)
    await scene.ledger.give(ME, 25, expires_in_s=8 * DAY_S)
    await scene.ledger.hold(ME, 20, "job")
    scene.ledger.clock.advance(seconds=7 * DAY_S)
    async with scene.telling():
        await scene.ledger.tell_expiring()
        await scene.ledger.tell_expiring()


async def swept_in_vain(scene: Scene) -> None:
    """Jobs that can't be asked about are put off."""
    await scene.ledger.give(ME, 100)
    await scene.ledger.hold(ME, 10, "silent", ttl_s=60)
    scene.ledger.settlements.silent.add("silent")
    scene.ledger.clock.advance(seconds=61)
    async with scene.telling():
        swept = await scene.ledger.expire_reservations()
    assert len(swept.failures) == 1


async def swept_reservations(scene: Scene) -> None:
    """Each by its job's verdict."""
    await scene.ledger.give(ME, 100)
    verdicts = scene.ledger.settlements.verdicts
    verdicts["success"] = Settlement(decision=Decision.CHARGE, charge_credits=7)
    verdicts["pending"] = Settlement(decision=Decision.PENDING)
    for reference in ("success", "pending", "unknown"):
        await scene.ledger.hold(ME, 10, reference, ttl_s=60)
        scene.ledger.clock.advance(seconds=1)
    scene.ledger.clock.advance(seconds=60)
    async with scene.telling():
        await scene.ledger.expire_reservations()
