"""The background loop that fires timers and sends webhooks, as Standard Webhooks says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import sqlite3

import httpx

from standins.polar.organization import Organization
from standins.polar.paying import ACTIONS

IN_FLIGHT_MAX = 16
SLEEP_MAX_S = 60.0


def sign(body: bytes, *, event_id: str, timestamp: int, secret: str) -> str:
    """Return the header `webhook-signature`: the key is the whole secret's bytes, as at Polar."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class Courier:
    """Sends due webhooks side by side, so that order is not kept, and runs due timers."""

    def __init__(self, organization: Organization, wake: asyncio.Event) -> None:
        self.organization = organization
        self.wake = wake
        self.in_flight: set[int] = set()

    async def run(self) -> None:
        """Work until cancelled; what is cut off stays pending and is sent after the next start."""
        timeout = self.organization.settings.webhook_timeout_s
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False) as client,
            asyncio.TaskGroup() as sending,
        ):
            while True:
                self.wake.clear()
                self._fire_timers()
                for delivery in self._pending(due=True)[: IN_FLIGHT_MAX - len(self.in_flight)]:
                    self.in_flight.add(delivery["id"])
                    sending.create_task(self._send(client, delivery))
                await self._sleep()

    def _fire_timers(self) -> None:
        rows = self.organization.store.sql.execute(
            "SELECT id, action, subject FROM timers WHERE due_at <= ? ORDER BY due_at, id",
            (self.organization.clock(),),
        )
        for timer in rows.fetchall():
            with self.organization.change() as change:
                change.store.sql.execute("DELETE FROM timers WHERE id = ?", (timer["id"],))
                ACTIONS[timer["action"]](change, timer["subject"])

    def _pending(self, *, due: bool) -> list[sqlite3.Row]:
        if self.organization.deliveries.paused:
            return []
        rows = self.organization.store.sql.execute(
            "SELECT * FROM deliveries WHERE state = 'pending' ORDER BY due_at, id LIMIT 1000"
        )
        now = self.organization.clock()
        return [row for row in rows if row["id"] not in self.in_flight and (not due or row["due_at"] <= now)]

    async def _sleep(self) -> None:
        timer = self.organization.store.sql.execute("SELECT min(due_at) AS due_at FROM timers").fetchone()
        times = [] if timer["due_at"] is None else [timer["due_at"]]
        if len(self.in_flight) < IN_FLIGHT_MAX:
            times += [row["due_at"] for row in self._pending(due=False)[:1]]
        waits = [at - self.organization.clock() for at in times]
        try:
            async with asyncio.timeout(max(0.0, min([SLEEP_MAX_S, *waits]))):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _send(self, client: httpx.AsyncClient, delivery: sqlite3.Row) -> None:
        try:
            delivered = await self._attempt(client, delivery)
            with self.organization.store.transaction():
                self._conclude(delivery, delivered=delivered)
        finally:
            self.in_flight.discard(delivery["id"])
            self.wake.set()

    async def _attempt(self, client: httpx.AsyncClient, delivery: sqlite3.Row) -> bool:
        settings = self.organization.settings
        if settings.webhook_url is None:
            return False
        body, now = delivery["body"].encode(), int(self.organization.clock())
        secret = settings.webhook_secret.get_secret_value()
        headers = {
            "content-type": "application/json",
            "user-agent": "polar.sh webhooks",
            "webhook-id": delivery["event"],
            "webhook-timestamp": str(now),
            "webhook-signature": sign(body, event_id=delivery["event"], timestamp=now, secret=secret),
        }
        try:
            response = await client.post(settings.webhook_url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return response.is_success

    def _conclude(self, delivery: sqlite3.Row, *, delivered: bool) -> None:
        delays, attempts = self.organization.settings.webhook_retry_delays_s, delivery["attempts"]
        now = self.organization.clock()
        if delivered:
            state, due_at = "delivered", now
        elif attempts < len(delays):
            state, due_at = "pending", now + delays[attempts]
        else:
            state, due_at = "failed", now
        self.organization.store.sql.execute(
            "UPDATE deliveries SET state = ?, due_at = ?, attempts = attempts + 1 WHERE id = ?",
            (state, due_at, delivery["id"]),
        )
