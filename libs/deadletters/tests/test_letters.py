"""What was given up, over memory and over PostgreSQL: applied once, told once, and kept while it fails."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from chassis import outbox
from chassis.dead_letters import DEAD_LETTERS_DDL, DEAD_LETTERS_PRIVILEGES, DeadLetters, Replayer
from chassis.events import IncomingEvent
from chassis.ids import new_id
from chassis.postgres import create_engine
from deadletters.facts import encode, recorder
from deadletters.letters import Letters
from deadletters.memory import MemoryLetters
from embedded.testing import ServiceDatabase
from sqlalchemy import MetaData, select
from tintype.billing.v1.events_pb2 import PaymentCompleted
from tintype.ledger.v1.events_pb2 import DeadLetterReplayed

GRACE = Replayer(name="usr_grace", session_id="ses_1", client_address="203.0.113.7", reason="mended")
OUTBOX = outbox.outbox_table(MetaData())


def paid(event_id: str = "evt_1", account: str = "usr_1") -> IncomingEvent:
    """A payment of somebody's."""
    return IncomingEvent(
        subject=f"tintype.billing.v1.payment_completed.{account}",
        event_id=event_id,
        time=datetime(2026, 1, 2, tzinfo=UTC),
        payload=PaymentCompleted(account_id=account, payment_id="pi_1", credits=5).SerializeToString(),
        deliveries=20,
        headers={"ce-id": event_id},
    )


@dataclass
class Kept:
    """The letters, and the facts that were told."""

    letters: Any
    told: Callable[[], Any]


@pytest.fixture(params=["memory", "postgres"])
async def kept(request: pytest.FixtureRequest) -> Any:
    """The same over each store."""
    if request.param == "memory":
        memory = MemoryLetters()

        async def of_memory() -> list[DeadLetterReplayed]:
            return [_fact(replay) for replay in memory.told]

        yield Kept(memory, of_memory)
        return
    database: ServiceDatabase = request.getfixturevalue("empty_database")
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute(outbox.OUTBOX_DDL)
        admin.execute(outbox.HELD_FACTS_DDL)
        admin.execute(DEAD_LETTERS_DDL)
        admin.execute(f"GRANT {DEAD_LETTERS_PRIVILEGES} ON dead_letters TO library_service")
        admin.execute("GRANT SELECT, INSERT ON outbox TO library_service")
    engine = create_engine(database.url)

    async def of_outbox() -> list[DeadLetterReplayed]:
        async with engine.begin() as connection:
            rows = await connection.execute(select(OUTBOX.c.payload).order_by(OUTBOX.c.id))
            return [DeadLetterReplayed.FromString(bytes(payload)) for (payload,) in rows]

    yield Kept(DeadLetters(engine, recorder(OUTBOX, DeadLetterReplayed, new_id)), of_outbox)
    await engine.dispose()


def _fact(replay: Any) -> DeadLetterReplayed:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return DeadLetterReplayed.FromString(
        encode(DeadLetterReplayed, replay, event_id="evt_fact", occurred_at=at).payload
    )


async def works(_event: IncomingEvent) -> None:
    """What stopped it is mended."""


async def fails(_event: IncomingEvent) -> None:
    """It is not."""
    raise ValueError("still no account")


async def found(letters: Letters, event_id: str = "evt_1") -> Any:
    """One that is there."""
    letter = await letters.find(event_id)
    assert letter is not None
    return letter


async def test_a_replay_is_told_with_who_had_it_and_why(kept: Kept) -> None:
    """It waits no more; replayed again, nothing happens and nothing is told."""
    await kept.letters.keep(paid(), ValueError("away"))
    letter = await found(kept.letters)
    applied: list[IncomingEvent] = []

    async def apply(event: IncomingEvent) -> None:
        applied.append(event)

    assert await kept.letters.replay(letter, apply, GRACE) is None
    stands = await found(kept.letters)
    assert (stands.attempts, stands.replayed_at is None) == (1, False)
    assert await kept.letters.replay(stands, apply, GRACE) is None
    assert [event.event_id for event in applied] == ["evt_1"]
    assert list(await kept.letters.page(before=None, limit=10)) == []
    (fact,) = await kept.told()
    assert (fact.account_id, fact.dead_letter_id, fact.applied) == ("usr_1", "evt_1", True)
    assert fact.event_type == "tintype.billing.v1.PaymentCompleted"
    assert (fact.actor, fact.session_id, fact.client_address, fact.reason) == (
        "usr_grace", "ses_1", "203.0.113.7", "mended",
    )  # fmt: skip


async def test_a_replay_that_fails_stays_with_its_new_error(kept: Kept) -> None:
    """That somebody tried is told as well."""
    await kept.letters.keep(paid(), ValueError("away"))
    failure = await kept.letters.replay(await found(kept.letters), fails, GRACE)
    assert isinstance(failure, ValueError)
    (waits,) = await kept.letters.page(before=None, limit=10)
    assert (waits.attempts, waits.replayed_at, waits.error) == (1, None, "ValueError('still no account')")
    assert [fact.applied for fact in await kept.told()] == [False]


async def test_two_who_replay_at_once_are_one_replay(kept: Kept) -> None:
    """Whoever is done first says what became of it: the other, who failed or not, tells nothing."""
    await kept.letters.keep(paid(), ValueError("away"))
    letter, both = await found(kept.letters), asyncio.Barrier(2)

    async def apply(_event: IncomingEvent) -> None:
        await both.wait()

    answers = await asyncio.gather(*(kept.letters.replay(letter, apply, GRACE) for _ in range(2)))
    assert answers == [None, None]
    assert await kept.letters.replay(letter, fails, GRACE) is None
    stands = await found(kept.letters)
    assert (stands.attempts, stands.error) == (1, "ValueError('away')")
    assert [fact.applied for fact in await kept.told()] == [True]


@pytest.mark.parametrize("kept", ["postgres"], indirect=True)
async def test_what_can_not_be_told_is_no_replay(kept: Kept, empty_database: ServiceDatabase) -> None:
    """The fact and what became of the letter are one transaction: it waits on, to be replayed again."""
    await kept.letters.keep(paid(), ValueError("away"))
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute("REVOKE INSERT ON outbox FROM library_service")
    with pytest.raises(Exception, match="permission denied"):
        await kept.letters.replay(await found(kept.letters), works, GRACE)
    (waits,) = await kept.letters.page(before=None, limit=10)
    assert (waits.attempts, waits.error) == (0, "ValueError('away')")


async def test_the_newest_come_first_in_parts(kept: Kept) -> None:
    """Each once."""
    for number in range(5):
        await kept.letters.keep(paid(f"evt_{number}"), ValueError("away"))
    seen: list[str] = []
    before = None
    for _ in range(3):
        page = await kept.letters.page(before=before, limit=2)
        seen += [letter.event.event_id for letter in page]
        before = (page[-1].given_up_at, page[-1].event.event_id)
    assert seen == [f"evt_{number}" for number in (4, 3, 2, 1, 0)]


async def test_one_about_nobody_can_be_told_too(kept: Kept) -> None:
    """Its subject is no account: a fact under it could never be published."""
    await kept.letters.keep(paid(account="a b"), ValueError("odd"))
    await kept.letters.replay(await found(kept.letters), works, GRACE)
    (fact,) = await kept.told()
    assert fact.account_id == "unknown"
