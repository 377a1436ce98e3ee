"""Mail on its way out."""

from datetime import timedelta

from identity.adapters.outbound.fakes import MemoryMailer
from identity.domain.mail import MailState
from identity.ports.mailer import MailDelayed, MailRefused
from identity_world import World


def states(world: World) -> list[MailState]:
    """Where each mail is."""
    return [row.state for row in world.store.mails.values()]


async def test_a_mail_is_sent_once_and_its_token_forgotten(world: World) -> None:
    """A sent mail is not due again, and the stored row no longer opens anything."""
    await world.sign_up()
    assert [await world.send_due_mail() for _ in range(2)] == [1, 0]
    (mail,) = world.mailer.sent
    (row,) = world.store.mails.values()
    assert mail.token
    assert (row.state, row.mail.token) == (MailState.SENT, "")


async def test_a_mail_server_that_is_down_delays_the_mail_only(world: World) -> None:
    """Sign-up succeeds; the mail waits longer after each attempt and goes out in the end."""
    world.mailer.trouble = MailDelayed()
    await world.sign_up()
    for wait in (timedelta(), timedelta(seconds=5), timedelta(seconds=10)):
        world.clock.advance(wait - timedelta(microseconds=1))
        assert await world.send_due_mail() == 0
        world.clock.advance(timedelta(microseconds=1))
        assert await world.send_due_mail() == 1
    world.mailer.trouble = None
    world.clock.advance(timedelta(seconds=20))
    await world.send_due_mail()
    assert states(world) == [MailState.SENT]


async def test_a_refused_mail_is_given_up(world: World) -> None:
    """A mailbox that does not exist is not tried again."""
    world.mailer.trouble = MailRefused()
    await world.sign_up()
    await world.send_due_mail()
    world.clock.advance(timedelta(hours=2))
    assert await world.send_due_mail() == 0
    assert states(world) == [MailState.ABANDONED]


async def test_a_dead_link_is_not_mailed(world: World) -> None:
    """A mail whose token expired while the sender was away is given up."""
    await world.sign_up()
    world.clock.advance(timedelta(days=7))
    await world.send_due_mail()
    assert world.mailer.sent == []
    assert states(world) == [MailState.ABANDONED]


async def test_a_sender_that_died_is_replaced(world: World) -> None:
    """A claimed mail that was never finished is due again after its lease."""

    class Killed(BaseException):
        """The process ends."""

    class DyingMailer(MemoryMailer):
        """Dies before it has sent."""

        async def send(self, mail: object) -> MailState:
            """Never returns."""
            raise Killed

    await world.sign_up()
    dying = type(world.send_due_mail)(
        world.send_due_mail.queue, DyingMailer(), world.clock, world.send_due_mail.lease
    )
    try:
        await dying()
    except Killed:
        assert await world.send_due_mail() == 0
    world.clock.advance(timedelta(minutes=1))
    assert await world.send_due_mail() == 1
    assert len(world.mailer.sent) == 1
