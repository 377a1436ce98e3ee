"""Processes killed in turn, webhooks tripled and shuffled, under load; afterwards the books must be right."""

import asyncio
from collections import Counter
from uuid import uuid4

import httpx
import pytest
from auditor.report import run_verify
from tintype_local.demo.checkout_page import pay
from tintype_local.demo.client import Client, Json
from tintype_local.demo.faults import kill_and_await
from tintype_local.demo.jobs import TERMINAL
from tintype_local.ports import Ports
from tintype_local.processes import Plan
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

USERS, JOBS_EACH, PURCHASES_EACH = 5, 10, 2
WELCOME, PACK_CREDITS, JOB_CREDITS = 1000, 1000, 5
SETTLED_TIMEOUT_S = 150.0
VICTIMS = (
    "generation-worker",
    "ledger",
    "billing",
    "nats",
    "generation-api",
    "postgres",
    "gateway",
    "identity",
    "seaweedfs",
    "stripe",
)


class Buyer:
    """One user under load: generates and buys, and repeats whatever got no answer."""

    def __init__(self, stack: StackState) -> None:
        self.client = Client(stack.url("gateway"))
        self.email = f"chaos-{uuid4().hex[:10]}@example.com"
        self.jobs: list[str] = []

    async def sign_up(self) -> None:
        """Open the account, before anything breaks."""
        await self.client.sign_up(self.email, f"chaos {uuid4().hex}")

    async def generate(self, number: int) -> None:
        """Start one job; every fifth is told to fail."""
        given = {"prompt": f"{self.email} number {number}", "seed": number}
        if number % 5 == 4:
            given["simulate"] = "fail"
        started = await self.client.post("/v1/generations", model="local/sketch", input=given)
        self.jobs.append(started["id"])

    async def buy(self) -> None:
        """Buy a pack and pay for it."""
        checkout = await self.client.post("/v1/checkout", pack="starter")
        while True:
            try:
                await pay(checkout["url"], email=self.email)
            except (httpx.HTTPError, RuntimeError):
                # The page was away. If the payment got through, paying again only says so.
                if (await self.client.get(f"/v1/checkout/{checkout['id']}"))["status"] == "complete":
                    return
                await asyncio.sleep(0.5)
            else:
                return

    async def settled(self) -> tuple[Json, list[Json]]:
        """Return balance and jobs once every job has ended and nothing is held."""
        wanted = WELCOME + PURCHASES_EACH * PACK_CREDITS
        async with asyncio.timeout(SETTLED_TIMEOUT_S):
            while True:
                balance = await self.client.get("/v1/balance")
                jobs = await self.client.all_of("/v1/generations")
                ended = all(job["status"] in TERMINAL for job in jobs)
                charged = sum(job["credits"]["charged"] for job in jobs)
                if ended and balance["held"] == 0 and balance["available"] + charged == wanted:
                    return balance, jobs
                await asyncio.sleep(0.5)


async def test_nothing_is_lost_or_done_twice_whatever_is_killed(stack: StackState) -> None:
    """50 jobs and 10 purchases while each process is killed: all end, each settled and granted once."""
    secrets = load_or_make(stack.data_folder / "secrets.json")
    await deliver_thrice_and_shuffled(stack, secrets["stripe_key"])
    buyers = [Buyer(stack) for _ in range(USERS)]
    for buyer in buyers:
        await buyer.sign_up()
        await welcomed(buyer)
    load = asyncio.gather(*(under_load(buyer) for buyer in buyers))
    for victim in VICTIMS:
        await kill_and_await(stack, victim)
        await gateway_answers(stack)
    await load
    for buyer in buyers:
        balance, jobs = await buyer.settled()
        assert {job["id"] for job in jobs} == set(buyer.jobs)
        statuses = Counter(job["status"] for job in jobs)
        assert statuses == {"succeeded": JOBS_EACH * 4 // 5, "failed": JOBS_EACH // 5}
        assert all(job["credits"]["charged"] == 0 for job in jobs if job["status"] == "failed")
        assert (
            balance["available"]
            == WELCOME + PURCHASES_EACH * PACK_CREDITS - statuses["succeeded"] * JOB_CREDITS
        )
        grants = await buyer.client.all_of("/v1/ledger/entries?kind=grant")
        payments = Counter(grant["payment_id"] for grant in grants if grant["payment_id"])
        assert sorted(payments.values()) == [1] * PURCHASES_EACH
        assert len(await buyer.client.all_of("/v1/purchases")) == PURCHASES_EACH
        await buyer.client.close()
    plan = Plan(settings=StackSettings(), ports=Ports(stack.ports), secrets=secrets, data=stack.data_folder)
    verification = await run_verify(plan.auditor_environment())
    assert verification.ok, verification.as_dict()


async def under_load(buyer: Buyer) -> None:
    """One user's work, spread over the time in which things break."""
    for number in range(JOBS_EACH):
        await buyer.generate(number)
        if number % (JOBS_EACH // PURCHASES_EACH) == 2:
            await buyer.buy()
        await asyncio.sleep(3.0)


async def deliver_thrice_and_shuffled(stack: StackState, key: str) -> None:
    """Have the stand-in send each webhook three times, in any order."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as stripe:
        mode = {"copies": 3, "shuffle_window_s": 1}
        answer = await stripe.post(f"{stack.url('stripe')}/_test/deliveries/mode", json=mode)
        answer.raise_for_status()


async def gateway_answers(stack: StackState) -> None:
    """Return once the product can be reached again."""
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{stack.url('gateway')}/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)


async def test_twenty_at_once_against_500_credits_run_six(stack: StackState) -> None:
    """Over HTTP: of twenty parallel jobs of 75 credits, 500 credits pay for exactly six."""
    buyer = Buyer(stack)
    await buyer.sign_up()
    await welcomed(buyer)
    # Spend down to 500 first: two films of ten seconds.
    for _ in range(2):
        await start(buyer, duration_s=10)
    answers = await asyncio.gather(*(start(buyer, duration_s=3) for _ in range(20)))
    assert Counter(answers) == {202: 6, 402: 14}
    balance = await buyer.client.get("/v1/balance")
    assert balance["available"] == 50
    for job in await buyer.client.all_of("/v1/generations"):
        if job["status"] not in TERMINAL:
            await buyer.client.post(f"/v1/generations/{job['id']}/cancel")
    await buyer.client.close()


async def welcomed(buyer: Buyer) -> None:
    """Return once the welcome credits are there."""
    async with asyncio.timeout(30):
        while True:
            if (await buyer.client.get("/v1/balance"))["available"] == WELCOME:
                return
            await asyncio.sleep(0.1)


async def start(buyer: Buyer, *, duration_s: int) -> int:
    """Start a film and return the status of the answer."""
    answer = await buyer.client.http.post(
        "/v1/generations",
        json={"model": "local/motion", "input": {"prompt": "Twenty at once", "duration_s": duration_s}},
        headers={"Idempotency-Key": uuid4().hex},
    )
    return answer.status_code
