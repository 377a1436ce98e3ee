"""The background loop that fires timers and sends webhooks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import httpx

from standins.stripe import timers
from standins.stripe.account import Account
from standins.stripe.store import public
from standins.stripe.timers import Action
from standins.stripe.webhooks import outgoing
from standins.stripe.webhooks.outgoing import Delivery, Outcome
from standins.stripe.webhooks.signature import sign

IN_FLIGHT_MAX = 16
SLEEP_MAX_S = 60.0
USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


class Courier:
    """Sends due deliveries side by side, so that order is not kept, and runs due timers."""

    def __init__(self, account: Account, actions: Mapping[str, Action], wake: asyncio.Event) -> None:
        self.account = account
        self.actions = actions
        self.wake = wake
        self.in_flight: set[int] = set()

    async def run(self) -> None:
        """Work until cancelled; what is cut off stays pending and is sent after the next start."""
        timeout = self.account.settings.webhook_timeout_s
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False) as client,
            asyncio.TaskGroup() as sending,
        ):
            while True:
                self.wake.clear()
                self._fire_timers()
                for delivery in self._due():
                    self.in_flight.add(delivery.id)
                    sending.create_task(self._send(client, delivery))
                await self._sleep()

    def _due(self) -> list[Delivery]:
        room = IN_FLIGHT_MAX - len(self.in_flight)
        return outgoing.due(self.account.store, now=self.account.clock(), skip=self.in_flight, limit=room)

    async def _sleep(self) -> None:
        times = [self._next_timer_at()]
        if len(self.in_flight) < IN_FLIGHT_MAX:
            times.append(outgoing.next_due_at(self.account.store, skip=self.in_flight))
        waits = [at - self.account.clock() for at in times if at is not None]
        try:
            async with asyncio.timeout(max(0.0, min([SLEEP_MAX_S, *waits]))):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        try:
            outcome = await self._attempt(client, delivery.event)
            with self.account.store.transaction():
                outgoing.conclude(
                    self.account.store, delivery, outcome, self.account.settings.webhook_retry_delays_s
                )
        finally:
            self.in_flight.discard(delivery.id)
            self.wake.set()

    async def _attempt(self, client: httpx.AsyncClient, event_id: str) -> Outcome:
        settings = self.account.settings
        event = self.account.store.get("event", event_id)
        if event is None or settings.webhook_url is None:
            return Outcome(self.account.clock(), None, "nothing to deliver, or nowhere to deliver it to")
        body = json.dumps(public(event), indent=2).encode()
        secret = settings.webhook_secret.get_secret_value()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
            "Stripe-Signature": sign(body, secret=secret, timestamp=int(self.account.clock())),
        }
        try:
            response = await client.post(settings.webhook_url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(self.account.clock(), None, f"{type(error).__name__}: {error}")
        return Outcome(self.account.clock(), response.status_code, None)

    def _next_timer_at(self) -> float | None:
        return timers.next_due_at(self.account.store)

    def _fire_timers(self) -> None:
        for timer in timers.due(self.account.store, now=self.account.clock()):
            with self.account.change() as change:
                timers.fire(change, self.actions, timer)
