"""Billing as it runs: its own process, real PostgreSQL and NATS."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import grpc
import psycopg
import pytest
from chassis import nats as broker
from chassis.events import event
from chassis.grpc_client import channel
from chassis.publisher import Publisher
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import billing_pb2_grpc as pb_grpc
from tintype.billing.v1 import events_pb2 as facts
from tintype.identity.v1 import events_pb2 as identity

pytestmark = pytest.mark.server

START_TIMEOUT_S = 60
# No call reaches it: nobody buys anything here.
PROCESSOR = {
    "BILLING_STRIPE_SECRET_KEY": "sk_test_unused",
    "BILLING_STRIPE_API_URL": "http://127.0.0.1:1",
    "BILLING_STRIPE_WEBHOOK_SECRET": "whsec_unused",
    "BILLING_PUBLIC_URL": "http://127.0.0.1:8000",
}


async def register(login: NatsLogin, user_id: str, *, event_id: str) -> None:
    """Publish the fact as identity does."""
    connection = await broker.connect(login.url, user=login.user, password=login.password, name="test")
    await broker.ensure_stream(connection.jetstream(), "identity")
    message = identity.UserRegistered(user_id=user_id, welcome=identity.WELCOME_NOW)
    fact = event(message, account=user_id, event_id=event_id, time=datetime.now(UTC))
    await Publisher(connection.jetstream()).publish(fact)
    await connection.close()


def told(database: ServiceDatabase) -> list[facts.SubscriptionRenewed]:
    """What was published about plans."""
    with psycopg.connect(database.url.replace("+psycopg", "")) as connection:
        rows = connection.execute(
            "SELECT payload FROM published_facts WHERE ce_type = 'tintype.billing.v1.SubscriptionRenewed'"
        )
        return [facts.SubscriptionRenewed.FromString(bytes(row[0])) for row in rows]


async def plan_of(target: str, user_id: str) -> pb.Subscription:
    """Ask until there is one."""
    async with channel(target, token="token") as opened, asyncio.timeout(START_TIMEOUT_S):
        billing = pb_grpc.BillingServiceStub(opened)
        request = pb.GetSubscriptionRequest(user_id=user_id)
        while True:
            try:
                return (await billing.GetSubscription(request, timeout=5)).subscription
            except grpc.aio.AioRpcError as failure:
                if failure.code() not in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE}:
                    raise
                await asyncio.sleep(0.05)


async def on_offer(target: str) -> list[str]:
    """The plans that people are shown."""
    async with channel(target, token="token") as opened:
        answer = await pb_grpc.BillingServiceStub(opened).ListPlans(pb.ListPlansRequest(), timeout=5)
    return [plan.plan_id for plan in answer.plans]


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """The service as a process, which ends with the block."""
    process = subprocess.Popen([sys.executable, "-m", "billing", "serve"], env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_registration_becomes_a_month_of_credits_once(
    service_database: Callable[[str], ServiceDatabase], nats_account: Callable[[str], NatsLogin]
) -> None:
    """Killed and started again, with the fact told once more: one plan, one month; SIGTERM ends it well."""
    database, login = service_database("billing"), nats_account("billing")
    grpc_port, http_port = free_ports(2)
    environment = PROCESSOR | {
        "BILLING_DATABASE_URL": database.url,
        "BILLING_NATS_URL": login.url,
        "BILLING_NATS_USER": login.user,
        "BILLING_NATS_PASSWORD": login.password,
        "BILLING_GRPC_LISTEN": f"127.0.0.1:{grpc_port}",
        "BILLING_HTTP_LISTEN": f"127.0.0.1:{http_port}",
        "BILLING_CALLERS": json.dumps({"gateway": hashlib.sha256(b"token").hexdigest()}),
        "BILLING_FREE_PLAN": "free",
    }
    target = f"127.0.0.1:{grpc_port}"
    await register(nats_account("identity"), "usr_ada", event_id="evt_1")
    with serving(environment):
        first = await plan_of(target, "usr_ada")
    await register(nats_account("identity"), "usr_ada", event_id="evt_2")
    await register(nats_account("identity"), "usr_bob", event_id="evt_3")
    with serving(environment) as process:
        await plan_of(target, "usr_bob")
        assert await on_offer(target) == ["free", "pro", "business"]
        assert await plan_of(target, "usr_ada") == first
        async with asyncio.timeout(START_TIMEOUT_S):
            while len(months := told(database)) < 2:
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_TIMEOUT_S) == 0
    granted = sorted((month.account_id, month.credits) for month in months)
    assert granted == [("usr_ada", 500), ("usr_bob", 500)]
    assert {month.plan_id for month in months} == {"free"}


@pytest.mark.server
def test_a_plan_that_is_not_on_offer_stops_the_start() -> None:
    """One line names the setting, and what there is."""
    unused = {
        "BILLING_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
        "BILLING_NATS_URL": "nats://127.0.0.1:1",
        "BILLING_NATS_USER": "billing",
        "BILLING_NATS_PASSWORD": "unused",
        "BILLING_FREE_PLAN": "gold",
    }
    started = subprocess.run(
        [sys.executable, "-m", "billing", "serve"],
        env={**os.environ, **PROCESSOR, **unused},
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    assert started.returncode == 2, started.stderr
    assert "BILLING_FREE_PLAN: the catalogue has no plan 'gold': it has free" in started.stderr
