"""Publishing in atomic batches: all of it in order, or one by one when the broker refuses it together."""

from collections.abc import Callable

import pytest
from broker_support import client, fact
from chassis.events import OutgoingEvent
from chassis.nats import connect, ensure_stream
from chassis.publisher import Publisher
from chassis.relay import BrokerAway, HeldBack, Unpublishable
from embedded.nats_permissions import ADMIN
from embedded.testing import NatsLogin
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

pytestmark = pytest.mark.server

TOO_LARGE = bytes(2 * 1024**2)
Login = Callable[[str], NatsLogin]


async def stored(login: NatsLogin) -> list[int]:
    """The numbers of the facts that the stream holds, in its order."""
    async with client(login) as reader:
        stream = reader.jetstream()
        count = (await stream.stream_info("IDENTITY")).state.messages
        messages = [await stream.get_msg("IDENTITY", seq=place + 1) for place in range(count)]
    return [int(one.data or b"") for one in messages]


def facts(numbers: range) -> list[OutgoingEvent]:
    """Facts of three accounts, each under an id of its own."""
    return [fact(number) for number in numbers]


async def test_more_than_one_batch_is_stored_in_order(nats_account: Login) -> None:
    """Every fact once, in the order in which it was handed in."""
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        assert await Publisher(producer.jetstream()).publish_many(facts(range(2_300))) == [None] * 2_300
    assert await stored(nats_account(ADMIN)) == list(range(2_300))


async def test_what_was_stored_before_is_not_stored_again(nats_account: Login) -> None:
    """A relay that died before it could delete them sends the same facts, and newer ones after them."""
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        publisher, all_of_them = Publisher(producer.jetstream()), facts(range(30))
        assert await publisher.publish_many(all_of_them[:20]) == [None] * 20
        assert await publisher.publish_many(all_of_them[10:]) == [None] * 20
    assert await stored(nats_account(ADMIN)) == list(range(30))


async def test_a_fact_that_is_too_large_stops_its_own_account_only(nats_account: Login) -> None:
    """The same account's later facts wait; everything else is stored."""
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        batch = facts(range(9))
        batch[1] = batch[1]._replace(payload=TOO_LARGE)
        outcomes = await Publisher(producer.jetstream()).publish_many(batch)
    assert isinstance(outcomes.pop(1), Unpublishable)
    assert [type(one) for one in outcomes if one] == [HeldBack, HeldBack]
    assert await stored(nats_account(ADMIN)) == [0, 2, 3, 5, 6, 8]


async def test_a_failure_holds_its_account_back_in_later_batches_too(nats_account: Login) -> None:
    """What comes later of an account never overtakes what could not be stored."""
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        many = facts(range(1_500))
        many[900] = many[900]._replace(payload=TOO_LARGE)
        outcomes = await Publisher(producer.jetstream()).publish_many(many)
    held_back = [number for number, one in enumerate(outcomes) if isinstance(one, HeldBack)]
    assert held_back == list(range(903, 1_500, 3))
    assert await stored(nats_account(ADMIN)) == [n for n in range(1_500) if n < 900 or n % 3]


async def test_a_stream_of_earlier_times_takes_batches_from_now_on(nats_account: Login) -> None:
    """Its facts stay, and nothing else about it changes."""
    async with client(nats_account("identity")) as producer:
        stream = producer.jetstream()
        await made_without_batches(stream)
        await Publisher(stream).publish(fact(0))
        await ensure_stream(stream, "identity")
        config = (await stream.stream_info("IDENTITY")).config
        assert (config.allow_atomic, config.max_msgs) == (True, 77)
    assert await stored(nats_account(ADMIN)) == [0]


async def test_a_stream_without_batches_takes_facts_one_by_one(nats_account: Login) -> None:
    """In order, and each once."""
    async with client(nats_account("identity")) as producer:
        await made_without_batches(producer.jetstream())
        assert await Publisher(producer.jetstream()).publish_many(facts(range(12))) == [None] * 12
    assert await stored(nats_account(ADMIN)) == list(range(12))


async def test_a_broker_that_is_away_is_no_facts_fault(nats_account: Login) -> None:
    """All outcomes say so at once, and nothing is sent later."""
    login = nats_account("identity")
    opened = await connect(login.url, user=login.user, password=login.password, name="test")
    await ensure_stream(opened.jetstream(), "identity")
    await opened.close()
    outcomes = await Publisher(opened.jetstream()).publish_many(facts(range(3)))
    assert [type(one) for one in outcomes] == [BrokerAway] * 3
    assert await stored(nats_account(ADMIN)) == []


@pytest.mark.parametrize("count", [0, 1])
async def test_few_facts_need_no_batch(nats_account: Login, count: int) -> None:
    """None is nothing to do, and one is one message."""
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        assert await Publisher(producer.jetstream()).publish_many(facts(range(count))) == [None] * count
    assert await stored(nats_account(ADMIN)) == list(range(count))


async def made_without_batches(stream: JetStreamContext) -> None:
    """The stream as it was made before batches."""
    await stream.add_stream(StreamConfig(name="IDENTITY", subjects=["tintype.identity.v1.>"], max_msgs=77))
