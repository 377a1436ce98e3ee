"""The demo's story: sign-up, purchase, generations, failures, crashes, statement, proof."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from auditor.report import run_verify
from rich.console import Console

from tintype_local.demo import faults, jobs, statement
from tintype_local.demo.checkout_page import pay
from tintype_local.demo.client import Client, Json, RefusedError
from tintype_local.ports import Ports
from tintype_local.processes import Plan
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings
from tintype_local.state import StackState

SETTLE_TIMEOUT_S = 60.0


class StepFailedError(RuntimeError):
    """Something that must hold did not."""


@dataclass
class Story:
    """What the steps share, and what the receipt will say."""

    stack: StackState
    plan: Plan
    client: Client
    console: Console
    folder: Path
    email: str
    user_id: str = ""
    generations: list[Json] = field(default_factory=list)

    async def sign_up(self) -> str:
        """Open an account and wait for the welcome credits."""
        user = await self.client.sign_up(self.email, f"demo {uuid4().hex}")
        self.user_id = user["id"]
        balance = await self.until(lambda now: now["available"] > 0)
        return f"{self.email} starts with {balance['available']} credits"

    async def ask_for_too_much(self) -> str:
        """Ask for more than the balance buys: 402, and nothing is held."""
        before = await self.client.get("/v1/balance")
        try:
            await jobs.start(
                self.client, "local/motion", prompt="An ocean at night", duration_s=12, output_count=4
            )
        except RefusedError as refused:
            problem = refused.problem
            require(refused.status == 402, f"expected 402, got {refused}")
            require(problem["balance"] == before["available"], "402 names another balance")
            require(await self.client.get("/v1/balance") == before, "a refused job changed the balance")
            return f"402: {problem['required']} needed, {problem['balance']} there; nothing is held"
        raise StepFailedError("a job that costs more than the balance was taken")

    async def buy(self) -> str:
        """Buy a pack on the checkout page."""
        before = await self.client.get("/v1/balance")
        pack = (await self.client.get("/v1/packs"))["data"][0]
        checkout = await self.client.post("/v1/checkout", pack=pack["id"])
        await pay(checkout["url"], email=self.email)
        wanted = before["available"] + pack["credits"]
        await self.until(lambda now: now["available"] == wanted)
        done = await self.client.get(f"/v1/checkout/{checkout['id']}")
        require(done["status"] == "complete", f"the checkout is {done['status']}")
        price = f"{pack['price_minor'] / 100:.2f} {pack['currency'].upper()}"
        return f"{pack['title']}: {pack['credits']} credits for {price}; balance {wanted}"

    async def generate(self) -> str:
        """Two images, a video and a text, with live progress; one job that fails, one that is cancelled."""
        fox = "A fox crossing fresh snow at dawn"
        running = {
            "image, 1:1": await jobs.start(self.client, "local/sketch", prompt=fox, seed=7),
            "image, 16:9": await jobs.start(self.client, "local/sketch", prompt=fox, ratio="16:9", seed=8),
            "video, 3 s": await jobs.start(
                self.client, "local/motion", prompt="Waves under wind", duration_s=3
            ),
            "told to fail": await jobs.start(self.client, "local/sketch", prompt="Rain", simulate="fail"),
            "to be cancelled": await jobs.start(self.client, "local/sketch", prompt="Fog", simulate="stall"),
        }
        if "openai" in self.stack.pids:
            # Only the stand-in is asked: a real endpoint would cost real money.
            running["text"] = await jobs.start(
                self.client, "openai/chat", prompt="Tintypes, in two sentences", max_tokens=200
            )
        await self.client.post(f"/v1/generations/{running['to be cancelled']['id']}/cancel")
        titles = {job["id"]: title for title, job in running.items()}
        ended = await jobs.watch(self.client, titles, self.console)
        wanted = {"told to fail": "failed", "to be cancelled": "cancelled"}
        statuses = {title: ended[job]["status"] for job, title in titles.items()}
        expected = {title: wanted.get(title, "succeeded") for title in running}
        require(statuses == expected, f"the jobs ended {statuses}")
        await self._keep(ended)
        return f"{len(running) - len(wanted)} succeeded; the failed and the cancelled one cost nothing"

    async def crash(self) -> str:
        """kill -9 the ledger and the worker while jobs run; every job still ends once."""
        prompts = ["Dunes", "A harbour", "Northern lights", "A paper lantern"]
        started = [
            await jobs.start(self.client, "local/motion", prompt=prompt, duration_s=2) for prompt in prompts
        ]
        back = await faults.kill_and_await(self.stack, "ledger", "generation-worker")
        titles = {
            job["id"]: f"after the crash: {prompt}" for job, prompt in zip(started, prompts, strict=True)
        }
        ended = await jobs.watch(self.client, titles, self.console)
        require(all(job["status"] == "succeeded" for job in ended.values()), f"not all succeeded: {ended}")
        await self._keep(ended)
        pids = ", ".join(f"{name} {before} -> {after}" for name, (before, after) in back.items())
        return f"killed and back: {pids}; all {len(ended)} jobs succeeded"

    async def deliver_twice(self) -> str:
        """Deliver the payment's webhook again: nothing more is granted."""
        before = await self.settled()
        event = await faults.deliver_again(self.stack, self.plan.secrets["stripe_key"], times=2)
        await asyncio.sleep(2)
        after = await self.client.get("/v1/balance")
        require(after["available"] == before["available"], "a webhook that came twice changed the balance")
        require(len((await self.client.get("/v1/purchases"))["data"]) == 1, "it made another purchase")
        return f"{event} delivered twice more: one purchase, one grant"

    async def prove(self) -> str:
        """Print the statement, check that it adds up, verify every invariant, leave a receipt."""
        balance = await self.settled()
        entries = list(reversed(await self.client.all_of("/v1/ledger/entries")))
        statement.show(entries, self.console)
        require(statement.adds_up(entries, balance), "the statement does not add up")
        await self._check_costs()
        verification = await run_verify(self.plan.auditor_environment())
        verification.print(self.console, as_json=False)
        receipt = {
            "user_id": self.user_id,
            "purchases": await self.client.all_of("/v1/purchases"),
            "generations": self.generations,
            "balance": balance,
            "entries": entries,
            "verify": verification.as_dict(),
        }
        path = self.folder / "receipt.json"
        path.write_text(json.dumps(receipt, indent=2))
        require(verification.ok, "an invariant is broken")
        checks = len(verification.findings)
        return f"{len(entries)} entries add up to {balance['available']}; {checks} invariants hold; {path}"

    async def settled(self) -> Json:
        """Return the balance once nothing is held."""
        return await self.until(lambda now: now["held"] == 0)

    async def until(self, holds: Callable[[Json], bool]) -> Json:
        """Return the balance once a condition holds."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while not holds(balance := await self.client.get("/v1/balance")):
            require(time.monotonic() < deadline, f"the balance stayed {balance}")
            await asyncio.sleep(0.1)
        return balance

    async def _keep(self, ended: dict[str, Json]) -> None:
        for generation in ended.values():
            self.generations.append(
                {
                    "id": generation["id"],
                    "status": generation["status"],
                    "files": await jobs.fetch_files(self.client, generation, self.folder),
                }
            )

    async def _check_costs(self) -> None:
        """Fill in what each job cost, from the ledger's own answer."""
        for kept in self.generations:
            explained = await self.client.get(f"/v1/generations/{kept['id']}/explain")
            settlement = explained["settlement"]
            kept["credits_charged"] = settlement["charged"]
            kept["credits_refunded"] = settlement["refunded"]
            succeeded = kept["status"] == "succeeded"
            require(bool(kept["files"]) is succeeded, f"{kept['id']} has the wrong files")
            require((settlement["charged"] > 0) is succeeded, f"{kept['id']} was charged wrongly: {kept}")


def require(condition: bool, message: str) -> None:
    """Raise StepFailedError unless the condition holds."""
    if not condition:
        raise StepFailedError(message)


async def run_demo(stack: StackState, settings: StackSettings, console: Console) -> bool:
    """Run the story against a running stack; return whether every step held."""
    folder = stack.data_folder / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    secrets = load_or_make(stack.data_folder / "secrets.json")
    plan = Plan(settings=settings, ports=Ports(stack.ports), secrets=secrets, data=stack.data_folder)
    client = Client(stack.url("gateway"))
    story = Story(
        stack=stack,
        plan=plan,
        client=client,
        console=console,
        folder=folder,
        email=f"ada-{uuid4().hex[:8]}@example.com",
    )
    steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("Sign up", story.sign_up),
        ("Ask for more than the balance buys", story.ask_for_too_much),
        ("Buy credits", story.buy),
        ("Generate", story.generate),
        ("Kill the ledger and the worker", story.crash),
        ("Deliver a webhook twice", story.deliver_twice),
        ("Statement and proof", story.prove),
    ]
    started = time.monotonic()
    try:
        for number, (title, step) in enumerate(steps, start=1):
            console.print(f"\n[bold]{number}. {title}[/]")
            console.print(f"   [green]ok[/] {await step()}", highlight=False)
    except (StepFailedError, RefusedError, TimeoutError, RuntimeError) as failure:
        console.print(f"   [red]failed[/] {failure}", highlight=False)
        return False
    finally:
        await client.close()
    console.print(f"\nEvery step held, in {time.monotonic() - started:.0f} s.", highlight=False)
    return True
