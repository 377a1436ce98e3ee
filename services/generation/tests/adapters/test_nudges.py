"""Nudges over a real broker, with the permissions that the service has there."""

import asyncio
from collections.abc import Callable

import pytest
from chassis.nats import connect
from embedded.testing import NatsLogin
from generation.adapters.inbound.nudges import listening
from generation.adapters.outbound.nats_nudges import SUBJECT, NatsNudges
from generation.domain.identifiers import AttemptId

pytestmark = pytest.mark.server


async def test_every_worker_hears(nats_account: Callable[[str], NatsLogin]) -> None:
    """Those that listen now; what is no attempt's name harms nobody, and nothing is kept."""
    login = nats_account("generation")
    connections = [
        await connect(login.url, user=login.user, password=login.password, name=name)
        for name in ("api", "first", "second")
    ]
    api, first, second = connections
    heard: dict[str, list[str]] = {"first": [], "second": []}
    nudges = NatsNudges(api)
    await nudges.nudge(AttemptId("att_before"))
    await api.flush()
    async with listening(first, heard["first"].append), listening(second, heard["second"].append):
        for connection in (first, second):
            await connection.flush()
        await api.publish(SUBJECT, b"\xff" * 20)
        await api.publish(SUBJECT, b"x" * 1_000)
        await nudges.nudge(AttemptId("att_1"))
        async with asyncio.timeout(30):
            while any("att_1" not in words for words in heard.values()):
                await asyncio.sleep(0.01)
    for words in heard.values():
        assert "att_before" not in words
        assert "x" * 1_000 not in words
    await nudges.nudge(AttemptId("att_after"))
    await api.flush()
    for connection in connections:
        await connection.close()
    assert all("att_after" not in words for words in heard.values())


async def test_a_broker_that_is_away_is_no_failure(nats_account: Callable[[str], NatsLogin]) -> None:
    """A nudge never raises: the run is polled all the same."""
    login = nats_account("generation")
    connection = await connect(login.url, user=login.user, password=login.password, name="api")
    await connection.close()
    await NatsNudges(connection).nudge(AttemptId("att_1"))


async def test_other_services_hear_nothing(nats_account: Callable[[str], NatsLogin]) -> None:
    """Nor can they nudge: the broker refuses both."""
    ours, theirs = nats_account("generation"), nats_account("gateway")
    worker = await connect(ours.url, user=ours.user, password=ours.password, name="worker")
    other = await connect(theirs.url, user=theirs.user, password=theirs.password, name="other")
    heard: list[str] = []
    overheard: list[str] = []
    async with listening(worker, heard.append), listening(other, overheard.append):
        await worker.flush()
        await other.flush()
        await NatsNudges(other).nudge(AttemptId("att_forged"))
        await other.flush()
        await NatsNudges(worker).nudge(AttemptId("att_true"))
        async with asyncio.timeout(30):
            while not heard:
                await asyncio.sleep(0.01)
        await other.flush()
    assert heard == ["att_true"]
    assert overheard == []
    await worker.close()
    await other.close()
