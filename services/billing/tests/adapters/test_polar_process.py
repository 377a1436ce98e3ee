"""Billing as it runs, with Polar to sell by: its own process, real PostgreSQL and NATS."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import psycopg
import pytest
from chassis.grpc_client import channel, remote_error
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase
from polar_world import PACK, TOKEN, PolarWorld, polar_world
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import billing_pb2_grpc as rpc
from tintype.billing.v1 import events_pb2 as facts

pytestmark = pytest.mark.server

SECRET = "polar_whs_billing"
WAIT_S = 60
PUBLIC_URL = "http://127.0.0.1:8000"


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[None]:
    """The service as a process, which ends with the block."""
    process = subprocess.Popen([sys.executable, "-m", "billing", "serve"], env={**os.environ, **environment})
    try:
        yield
    finally:
        process.kill()
        process.wait()


def publish(environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Put what is sold on sale, as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "billing", "publish-catalogue"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


class Relay:
    """Hands webhooks on to billing, as the gateway does: body and headers unread."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.duplicates: list[bool] = []

    async def take(self, request: Request) -> Response:
        headers = dict(request.headers)
        async with channel(self.target, token="token") as opened:
            billing = rpc.BillingServiceStub(opened)
            told = pb.ReceiveWebhookRequest(body=await request.body(), headers=headers)
            answer = await billing.ReceiveWebhook(told, timeout=5)
        told_of = json.loads(await request.body())["type"]
        if not told_of.startswith("product."):
            self.duplicates.append(answer.duplicate)
        return Response(status_code=200)


@dataclass
class Seller:
    """Billing's process, Polar behind it, and what billing has published."""

    billing: "rpc.BillingServiceAsyncStub"
    polar: PolarWorld
    relay: Relay
    database: ServiceDatabase

    async def buy(self, user_id: str) -> None:
        """Open a checkout, twice by one key, and pay on its page."""
        asked = pb.CreateCheckoutRequest(
            user_id=user_id,
            email=f"{user_id}@example.com",
            pack_id="starter",
            idempotency_key=f"key-{user_id}",
            success_url=f"{PUBLIC_URL}/billing?checkout={{CHECKOUT_ID}}",
            cancel_url=f"{PUBLIC_URL}/billing",
        )
        opened = (await self.billing.CreateCheckout(asked, timeout=20)).checkout
        assert (await self.billing.CreateCheckout(asked, timeout=20)).checkout.url == opened.url
        assert await self.polar.press(opened.url) == 303

    def told(self, user_id: str) -> list[facts.PaymentCompleted]:
        """What was published about this user's payments."""
        with psycopg.connect(self.database.url.replace("+psycopg", "")) as connection:
            rows = connection.execute(
                "SELECT payload FROM published_facts WHERE ce_type = 'tintype.billing.v1.PaymentCompleted'"
            )
            completed = [facts.PaymentCompleted.FromString(bytes(row[0])) for row in rows]
        return [fact for fact in completed if fact.account_id == user_id]

    async def wait_until_told(self, user_id: str) -> facts.PaymentCompleted:
        """Return the one fact of the user's payment, once it is there."""
        async with asyncio.timeout(WAIT_S):
            while not (found := self.told(user_id)):
                await asyncio.sleep(0.05)
        (fact,) = found
        return fact


@pytest.fixture
async def seller(
    service_database: Callable[[str], ServiceDatabase],
    nats_account: Callable[[str], NatsLogin],
    tmp_path: Path,
) -> AsyncIterator[Seller]:
    """Billing that sells by Polar."""
    database, login = service_database("billing"), nats_account("billing")
    grpc_port, http_port = free_ports(2)
    relay = Relay(f"127.0.0.1:{grpc_port}")
    with (
        running(Starlette(routes=[Route("/webhooks", relay.take, methods=["POST"])])) as hooks,
        polar_world(
            tmp_path, tax_percent=20, webhook_url=f"{hooks}/webhooks", webhook_secret=SECRET
        ) as polar,
    ):
        environment = {
            "BILLING_PAYMENT_PROCESSOR": "polar",
            "BILLING_POLAR_ACCESS_TOKEN": TOKEN,
            "BILLING_POLAR_API_URL": polar.url,
            "BILLING_POLAR_WEBHOOK_SECRET": SECRET,
            "BILLING_PUBLIC_URL": PUBLIC_URL,
            # Whoever hears of another price hears it from a webhook.
            "BILLING_REFRESH_PRICES_EVERY_S": "3600",
            "BILLING_DATABASE_URL": database.url,
            "BILLING_NATS_URL": login.url,
            "BILLING_NATS_USER": login.user,
            "BILLING_NATS_PASSWORD": login.password,
            "BILLING_GRPC_LISTEN": f"127.0.0.1:{grpc_port}",
            "BILLING_HTTP_LISTEN": f"127.0.0.1:{http_port}",
            "BILLING_CALLERS": json.dumps({"gateway": hashlib.sha256(b"token").hexdigest()}),
        }
        published = publish(environment)
        assert published.returncode == 0, published.stderr
        assert "starter: product created, price created\n" in published.stdout
        assert "plan" not in published.stdout
        with serving(environment):
            async with channel(relay.target, token="token") as opened:
                await opened.channel_ready()
                yield Seller(rpc.BillingServiceStub(opened), polar, relay, database)


async def test_a_pack_is_bought_by_polar_and_told_once(seller: Seller) -> None:
    """However often a webhook comes; and with none at all, because somebody looks."""
    await seller.polar.control("deliveries/mode", copies=3)
    await seller.buy("usr_ada")
    ada = await seller.wait_until_told("usr_ada")
    assert (ada.credits, ada.amount_minor, ada.currency) == (1000, 1200, "usd")
    async with asyncio.timeout(WAIT_S):
        # Five events, each three times: of the page, two of its changes, and two of its order.
        while len(seller.relay.duplicates) < 15:
            await asyncio.sleep(0.05)
    assert seller.relay.duplicates.count(False) == 5

    await seller.polar.control("deliveries/mode", paused=True)
    await seller.buy("usr_bob")
    bob = await seller.wait_until_told("usr_bob")
    assert bob.payment_id != ada.payment_id
    assert len(seller.told("usr_ada")) == 1
    offered = await seller.billing.ListPlans(pb.ListPlansRequest(), timeout=5)
    # Neither what Polar does not sell, nor what nobody begins with.
    assert list(offered.plans) == []


async def test_a_price_that_changed_at_polar_is_shown_when_its_webhook_comes(seller: Seller) -> None:
    """Nobody has to look: the product's own webhook has it read; whoever expected the old one is told."""
    starter = pb.Price(price_minor=1000, currency="usd")
    asked = pb.CreateCheckoutRequest(
        user_id="usr_ada",
        email="ada@example.com",
        pack_id="starter",
        idempotency_key="k1",
        success_url=f"{PUBLIC_URL}/billing",
        cancel_url=f"{PUBLIC_URL}/billing",
        expected_price=starter,
    )
    assert (await shown(seller))["starter"] == 1000
    price = {"amount_type": "fixed", "price_amount": 1300, "price_currency": "usd"}
    dashboard = seller.polar.sdk.products
    (product,) = (await dashboard.list(metadata={"price_name": PACK.price_name})).items
    await dashboard.update(product.id, prices=[price])  # type: ignore[list-item]
    async with asyncio.timeout(WAIT_S):
        while (await shown(seller))["starter"] != 1300:
            await asyncio.sleep(0.05)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await seller.billing.CreateCheckout(asked, timeout=20)
    assert remote_error(refused.value).metadata == {"price_minor": "1300", "currency": "usd"}


async def shown(seller: Seller) -> dict[str, int]:
    """What packs cost, as people see it."""
    answer = await seller.billing.ListPacks(pb.ListPacksRequest(), timeout=5)
    return {pack.pack_id: pack.price_minor for pack in answer.packs}
