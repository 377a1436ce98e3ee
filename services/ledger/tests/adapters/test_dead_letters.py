"""What can't be applied is kept with its message, and applied once what stopped it is mended."""

import argparse
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from chassis import dead_letters_command
from chassis.dead_letters import DeadLetters
from chassis.events import IncomingEvent
from ledger.adapters.inbound.events import LedgerEvents
from sqlalchemy.ext.asyncio import AsyncEngine
from support import LedgerUnderTest
from tintype.billing.v1 import events_pb2 as billing
from tintype.identity.v1 import events_pb2 as identity

pytestmark = pytest.mark.server


@pytest.fixture
def letters(engine: AsyncEngine) -> DeadLetters:
    """The ledger's own, as the service's role."""
    return DeadLetters(engine)


def paid(event_id: str = "evt_1", *, amount: int = 100) -> IncomingEvent:
    """A payment."""
    message = billing.PaymentCompleted(account_id="usr_1", payment_id=f"pi_{event_id}", credits=amount)
    return IncomingEvent(
        subject="tintype.billing.v1.payment_completed.usr_1",
        event_id=event_id,
        time=datetime.now(UTC),
        payload=message.SerializeToString(),
        deliveries=20,
        headers={"ce-id": event_id},
    )


async def command(letters: DeadLetters, ledger: LedgerUnderTest, *words: str) -> tuple[int, str]:
    """Run the command as a person does."""
    parser = argparse.ArgumentParser()
    dead_letters_command.add_arguments(parser)
    out = io.StringIO()
    handler = LedgerEvents(writer=ledger.writer, welcome_credits=0).handle
    code = await dead_letters_command.run(parser.parse_args(words), letters, handler, out=out)
    return code, out.getvalue()


async def test_a_given_up_event_is_kept_whole_and_once(letters: DeadLetters) -> None:
    """Payload and error, so that it can be applied later."""
    event = paid()
    for _ in range(2):
        await letters.keep(event, ValueError("no such account"))
    (kept,) = await letters.list()
    assert (kept.event.payload, kept.error) == (event.payload, "ValueError('no such account')")
    assert (kept.attempts, kept.replayed_at) == (0, None)


async def test_a_replay_applies_it_once(letters: DeadLetters, memory_ledger: LedgerUnderTest) -> None:
    """Listed, shown, replayed, gone from the list; replayed again, it has no second effect."""
    assert await command(letters, memory_ledger, "list") == (0, "no dead letters\n")
    await letters.keep(paid(), ValueError("away"))
    code, listed = await command(letters, memory_ledger, "list")
    assert (code, "evt_1" in listed, "ValueError('away')" in listed) == (0, True, True)
    code, shown = await command(letters, memory_ledger, "show", "evt_1")
    assert json.loads(shown)["payload_hex"] == paid().payload.hex()
    assert await command(letters, memory_ledger, "replay", "--all") == (0, "evt_1  applied\n")
    assert await memory_ledger.available("usr_1") == (100, 0)
    assert await command(letters, memory_ledger, "list") == (0, "no dead letters\n")
    assert (await command(letters, memory_ledger, "replay", "evt_1"))[0] == 0
    assert await memory_ledger.available("usr_1") == (100, 0)
    assert "replayed" in (await command(letters, memory_ledger, "list", "--all"))[1]


async def test_a_replay_that_fails_keeps_it(letters: DeadLetters, memory_ledger: LedgerUnderTest) -> None:
    """The new reason is kept, the others are applied, and the exit code says so."""
    await letters.keep(paid("evt_bad", amount=0), ValueError("old"))
    await letters.keep(paid("evt_good"), ValueError("away"))
    code, said = await command(letters, memory_ledger, "replay", "--all")
    assert (code, "evt_good  applied" in said, "evt_bad  failed" in said) == (1, True, True)
    (left,) = await letters.list()
    assert (left.event.event_id, left.attempts, "amount: must be" in left.error) == ("evt_bad", 1, True)


async def test_what_is_unknown_or_unclear_is_said(
    letters: DeadLetters, memory_ledger: LedgerUnderTest
) -> None:
    """An unknown id is an error; so is naming nothing."""
    assert (await command(letters, memory_ledger, "show", "evt_x"))[0] == 1
    assert (await command(letters, memory_ledger, "replay", "evt_x"))[0] == 1
    assert (await command(letters, memory_ledger, "replay"))[0] == 2


async def test_what_was_kept_of_a_person_who_is_gone_goes(
    letters: DeadLetters, memory_ledger: LedgerUnderTest
) -> None:
    """As the service's role; another person's letters stay, and the journal does."""
    await letters.keep(paid("evt_1"), ValueError("no"))
    other = replace(paid("evt_2"), subject="tintype.billing.v1.payment_completed.usr_2")
    await letters.keep(other, ValueError("no"))
    gone = IncomingEvent(
        subject="tintype.identity.v1.user_deleted.usr_1",
        event_id="evt_gone",
        time=datetime.now(UTC),
        payload=identity.UserDeleted(user_id="usr_1").SerializeToString(),
    )
    heard = LedgerEvents(writer=memory_ledger.writer, welcome_credits=0, forget=letters.forget)
    for _ in range(2):
        await heard.handle(gone)
    assert await letters.waiting() == ["evt_2"]
