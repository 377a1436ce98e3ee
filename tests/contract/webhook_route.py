"""Billing behind the gateway's own webhook route, over HTTP, with a server that speaks Stripe's API.

What Stripe tells is delivered by the test, in whatever order and as often as it likes; time is the test's.
"""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import stripe
import uvicorn
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier
from billing.application.processor_lists import (
    DisputeList,
    InvoicePaymentList,
    PaymentList,
    RefundList,
    SubscriptionList,
)
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing_support import BillingUnderTest, billing_in_memory
from contract_support import connect, serve_billing
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.bootstrap.memory import memory_world
from gateway.bootstrap.parts import make_web_app, wire
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

KEY, SECRET = "sk_test_route", "whsec_route"
PATIENCE_S = 30.0
LISTS = (PaymentList, InvoicePaymentList, SubscriptionList, RefundList, DisputeList)
RECENT = ScanPlan(name="recent", looks_back=timedelta(hours=1))


@dataclass
class Route:
    """A gateway, billing behind it, and Stripe."""

    url: str
    stripe_url: str
    billing: BillingUnderTest
    dice: random.Random

    @property
    def sdk(self) -> Any:
        """Stripe, as an operator sees it."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.stripe_url}, max_network_retries=0).v1

    async def control(self, path: str, **order: Any) -> None:
        """Have the stand-in do something."""
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as operator:
            (await operator.post(f"{self.stripe_url}/_test/{path}", json=order)).raise_for_status()

    async def let_come(self, customer: str, moment: datetime) -> None:
        """Let time go on, there and here."""
        if moment <= self.billing.clock.time:
            return
        await self.control(f"customers/{customer}/advance", to=int(moment.timestamp()))
        clock_id = self.sdk.customers.retrieve(customer).test_clock
        deadline = time.monotonic() + PATIENCE_S
        while (clock := self.sdk.test_helpers.test_clocks.retrieve(clock_id)).status != "ready":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        self.billing.clock.time = datetime.fromtimestamp(clock.frozen_time, UTC)

    async def hear(self, *, everything: bool = False) -> None:
        """Deliver webhooks, some of them or all: old ones too, up to three times each, in no order."""
        events = list(self.sdk.events.list({"limit": 100}).auto_paging_iter())
        if not everything:
            events = self.dice.sample(events, self.dice.randint(0, len(events)))
        deliveries = [event for event in events for _ in range(self.dice.randint(1, 3))]
        self.dice.shuffle(deliveries)
        async with httpx.AsyncClient() as sender:
            for event in deliveries:
                body = json.dumps(event.to_dict(), default=str)
                at = int(time.time())
                made = stripe.WebhookSignature._compute_signature(f"{at}.{body}", SECRET)
                headers = {"stripe-signature": f"t={at},v1={made}", "content-type": "application/json"}
                answer = await sender.post(f"{self.url}/webhooks/stripe", content=body, headers=headers)
                assert answer.status_code == 200, answer.text
        await self.work()

    async def work(self) -> None:
        """Work out what is stored."""
        while (worked := await self.billing.process()) is not None:
            assert worked.state in ("done", "ignored")

    async def renew(self) -> None:
        """Run the scheduler."""
        while await self.billing.renew():
            pass

    async def reconcile(self) -> None:
        """Run every reconciler once."""
        await self.billing.reconcile()
        for listed in LISTS:
            scan: ReconcileListHandler[Any] = ReconcileListHandler(
                self.billing.units, listed(self.billing.processor), self.billing.clock, RECENT
            )
            await scan()
        await self.work()


@asynccontextmanager
async def webhook_route(seed: int) -> AsyncIterator[Route]:
    """Serve it until the end of the block, with every plan on sale."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = StripeSettings(data_folder=folder, api_key=SecretStr(KEY))
        stripe_url = stack.enter_context(running(create_app(settings)))
        billing = billing_in_memory(StripeProcessor(secret_key=KEY, api_url=stripe_url))
        billing.clock.time = datetime.now(UTC)
        billing.receive = ReceiveWebhookHandler(billing.units, StripeWebhookVerifier(SECRET), billing.clock)
        for plan in billing.catalogue.plans:
            if plan.prices:
                await billing.processor.publish_plan(plan)
        target = await serve_billing(stack, billing)
        behind = GrpcBilling(await connect(stack, target, "gateway"))
        url = await _serve_gateway(stack, behind)
        yield Route(url, stripe_url, billing, random.Random(seed))


async def _serve_gateway(stack: AsyncExitStack, behind: GrpcBilling) -> str:
    app = make_web_app(wire(replace(memory_world().ports, billing=behind)))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    )
    serving = asyncio.ensure_future(server.serve())

    async def stop() -> None:
        server.should_exit = True
        await serving

    stack.push_async_callback(stop)
    async with asyncio.timeout(PATIENCE_S):
        while not server.started:
            await asyncio.sleep(0.01)
    (listener,) = server.servers
    host, port = listener.sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"
