"""Ada, who has a plan, her clock at Stripe, and what ledger, billing and the auditor each say of her."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
import httpx
from auditor.report import Verification, run_verify
from moved_world import KEY, MovedWorld, until
from tintype.billing.v1 import billing_pb2, billing_pb2_grpc, events_pb2
from tintype.ledger.v1 import ledger_pb2, ledger_pb2_grpc

ADA = "usr_ada"
# A call to a service that was killed waits until the next one listens, whatever the channel made of the last.
CALL: Mapping[str, Any] = {"timeout": 30.0, "wait_for_ready": True}
# Kills come at any moment of what billing does after an advance, and of what it is asked to do.
KILL_AFTER_MAX_S, KILL_WITHIN_MAX_S = 0.6, 0.06
HEARS = {"copies": 3, "shuffle_window_s": 0.5}
HEARS_NOTHING = {"paused": True}


@dataclass
class Subscriber:
    """Whatever she does and however time goes on, billing is killed -9 meanwhile."""

    world: MovedWorld
    ledger: ledger_pb2_grpc.LedgerServiceStub
    auditor: ledger_pb2_grpc.LedgerServiceStub
    billing: billing_pb2_grpc.BillingServiceStub
    customer: str = ""
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    async def subscribe(self, interval: events_pb2.BillingInterval.ValueType) -> tuple[datetime, datetime]:
        """Buy Pro, and kill billing before it heard; return when the period begins and ends."""
        request = billing_pb2.CreateCheckoutRequest(
            user_id=ADA,
            email="ada@example.com",
            plan_id="pro",
            interval=interval,
            idempotency_key="the plan",
            success_url=f"http://{self.world.services['gateway'].http}/billing",
            cancel_url=f"http://{self.world.services['gateway'].http}/billing",
        )
        page = (await self.billing.CreateCheckout(request, **CALL)).checkout
        self.customer = self.world.sdk.customers.list().data[0].id
        await self.world.control(f"customers/{self.customer}/clock")
        async with httpx.AsyncClient() as browser:
            form = {"action": "pay", "email": "ada@example.com", "card": "pm_card_visa"}
            assert (await browser.post(page.url, data=form)).status_code == 303
        await self._restart()
        (subscription,) = self.world.sdk.subscriptions.list({"customer": self.customer}).data
        item = subscription["items"].data[0]
        began, ends = item.current_period_start, item.current_period_end
        return datetime.fromtimestamp(began, UTC), datetime.fromtimestamp(ends, UTC)

    async def let_come(self, moment: datetime, *, kill_during: bool) -> None:
        """Let time go on to a moment, and kill billing while it does, or right after it did."""
        await self.world.control(f"customers/{self.customer}/advance", to=int(moment.timestamp()))
        if kill_during:
            self.world.billing.kill()
        self.world.move(await self.world.advanced(self.customer))
        if not kill_during:
            await asyncio.sleep(self.dice.uniform(0, KILL_AFTER_MAX_S))
        await self._restart()

    async def ask(self, call: Callable[..., Awaitable[Any]], request: Any) -> None:
        """Ask billing for something, kill it meanwhile, and ask again with the same key until it answers."""
        asked = asyncio.ensure_future(call(request, **CALL))
        await asyncio.sleep(self.dice.uniform(0, KILL_WITHIN_MAX_S))
        await self._restart()
        await asyncio.wait([asked])
        if asked.exception() is None:
            return

        async def is_answered() -> bool:
            try:
                await call(request, **CALL)
            except grpc.aio.AioRpcError as failure:
                if failure.code() not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED}:
                    raise
                return False
            return True

        await until(is_answered, "billing answers")

    async def _restart(self) -> None:
        self.world.billing.kill()
        self.world.billing.start()
        await self.world.billing.answers()

    async def grants(self) -> list[tuple[datetime, datetime | None, int]]:
        """What the ledger granted of plans: from when until when, and how much."""
        stream = self.auditor.ListPlanGrants(ledger_pb2.ListPlanGrantsRequest(), **CALL)
        grants = [item.grant async for item in stream]
        return sorted(
            (grant.starts_at.ToDatetime(UTC), grant.ends_at.ToDatetime(UTC), grant.amount) for grant in grants
        )

    async def available(self) -> int:
        """What the ledger says that she may spend."""
        request = ledger_pb2.GetBalanceRequest(account_id=ADA)
        return int((await self.ledger.GetBalance(request, **CALL)).balance.available)

    async def granted_at(self, amount: int) -> list[datetime]:
        """When the ledger granted so many credits, by its own clock."""
        request = ledger_pb2.ListEntriesRequest(
            account_id=ADA, kinds=[ledger_pb2.ENTRY_KIND_GRANT], page_size=100
        )
        entries = (await self.ledger.ListEntries(request, **CALL)).entries
        return sorted(entry.created_at.ToDatetime(UTC) for entry in entries if entry.amount == amount)

    async def purchases(self) -> list[billing_pb2.Purchase]:
        """What she paid, newest first."""
        request = billing_pb2.ListPurchasesRequest(user_id=ADA, page_size=10)
        return list((await self.billing.ListPurchases(request, **CALL)).purchases)

    async def plan(self) -> billing_pb2.Subscription:
        """What billing says of her plan."""
        request = billing_pb2.GetSubscriptionRequest(user_id=ADA)
        return (await self.billing.GetSubscription(request, **CALL)).subscription

    def changes(self) -> list[events_pb2.SubscriptionChanged]:
        """What was published about her plans, oldest first."""
        rows = self.world.rows(
            "SELECT payload FROM published_facts WHERE ce_type = 'tintype.billing.v1.SubscriptionChanged'"
        )
        found = [events_pb2.SubscriptionChanged.FromString(bytes(payload)) for (payload,) in rows]
        return sorted(found, key=lambda change: change.revision)

    async def verify(self) -> Verification:
        """Compare ledger, billing and Stripe; what moved this moment counts."""
        services = self.world.services
        return await run_verify(
            {
                "AUDITOR_LEDGER_TARGET": services["ledger"].grpc,
                "AUDITOR_BILLING_TARGET": services["billing"].grpc,
                "AUDITOR_GENERATION_TARGET": services["ledger"].environment["LEDGER_GENERATION_TARGET"],
                "AUDITOR_CALLER_TOKEN": "auditor",
                "AUDITOR_GRACE_S": "0",
            }
        )

    async def everything_is_heard(self) -> None:
        """Wait until each webhook has arrived three times and been worked out."""

        async def is_heard() -> bool:
            headers = {"Authorization": f"Bearer {KEY}"}
            async with httpx.AsyncClient(headers=headers) as operator:
                address = f"{self.world.stripe_url}/_test/deliveries"
                pending = await operator.get(address, params={"state": "pending"})
            waiting = self.world.rows("SELECT count(*) FROM webhook_events WHERE state = 'waiting'")
            return not pending.json()["data"] and waiting == [(0,)]

        await self.world.control("deliveries/retry")
        await until(is_heard, "every webhook is worked out")
        heard = self.world.rows("SELECT count(*) FROM webhook_events WHERE body <> ''")
        assert heard[0][0] > 0
