"""A changed plan is told by the broker, so that what was known of it counts no more."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from chassis import nats
from chassis.events import event
from chassis.publisher import Publisher
from embedded.testing import NatsLogin, nats_password
from gateway.adapters.inbound.changed_plans import hear_of_changed_plans
from gateway.adapters.outbound.memory.catalogue import FREE
from gateway.application.known_entitlements import KnownEntitlements
from gateway_world import Door
from tintype.billing.v1.events_pb2 import SubscriptionChanged

pytestmark = pytest.mark.server


async def test_a_gateway_is_told_by_the_broker(door: Door, nats_account: Callable[[str], NatsLogin]) -> None:
    """The fact makes it ask again at once, though what it knew would count for long."""
    billing = door.world.billing
    known = KnownEntitlements(billing, life_s=3_600, monotonic=asyncio.get_running_loop().time)
    billing.subscribe("usr_ada")
    assert await known.of("usr_ada") == frozenset()
    url = nats_account("gateway").url
    listening = await nats.connect(url, user="gateway", password=nats_password("gateway"), name="t")
    speaking = await nats.connect(url, user="billing", password=nats_password("billing"), name="t")
    hearing = asyncio.create_task(hear_of_changed_plans(listening, known))
    try:
        await nats.ensure_stream(speaking.jetstream(), "billing")
        billing.subscribe("usr_ada", replace(FREE, entitlements=("premium",)))
        fact = event(
            SubscriptionChanged(account_id="usr_ada", revision=1),
            account="usr_ada",
            event_id="evt_1",
            time=datetime.now(UTC),
        )
        async with asyncio.timeout(5):
            while await known.of("usr_ada") != {"premium"}:
                # Once more until the subscription is there.
                await Publisher(speaking.jetstream()).publish(fact)
                await asyncio.sleep(0.05)
    finally:
        hearing.cancel()
        await asyncio.wait({hearing})
        await listening.close()
        await speaking.close()
