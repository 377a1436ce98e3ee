"""What is measured, one after the other: a stack at rest, its callers, the provider alone."""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.report import run_verify

from bench.path import meters
from bench.path.client import Reached, Spec
from bench.path.people import sign_up
from bench.path.stack import BenchStack

ROOT = Path(__file__).resolve().parents[2]
CALLERS = (1, 16, 64, 256)
# Their tokens are good for 15 minutes.
PEOPLE_STAY_S = 480.0
CLIENT_TIMEOUT_S = 300.0
# At which number of callers the costs of a job are told, and its statements counted.
TOLD_AT = 64
COUNTED_AT = 16

Figures = dict[str, float]


class WrongWork(Exception):
    """A job was not charged once, or the product's own check found something broken."""


@dataclass(kw_only=True)
class Bench:
    """How long each case runs, and against which stack."""

    stack: BenchStack
    seconds: float
    warm_up_s: float
    idle_s: float
    _tokens: tuple[str, ...] = ()
    _signed_up_at: float = 0.0

    def idle(self) -> Figures:
        """Return what a stack takes that nobody uses, in percent of one processor."""
        return meters.idle_percent(self.stack, seconds=self.idle_s)

    def round(self) -> dict[int, Figures]:
        """Return the figures of each number of callers, each with the provider alone right after it."""
        return {callers: self._case(callers) for callers in CALLERS}

    def counted(self) -> Figures:
        """Return how many statements and transactions a job is, without those of a stack at rest."""
        self._people()
        with meters.counting(self.stack) as rest:
            time.sleep(self.idle_s / 2)
        with meters.counting(self.stack) as busy:
            reached = self._drive(COUNTED_AT)
        require_right(self.stack)
        share = busy.seconds / rest.seconds
        return {
            "statements_a_job": (busy.statements - rest.statements * share) / reached.jobs,
            "transactions_a_job": (busy.transactions - rest.transactions * share) / reached.jobs,
        }

    def _case(self, callers: int) -> Figures:
        self._people()
        before = meters.processor_s(self.stack)
        reached = self._drive(callers)
        spent = meters.spent_s(before, meters.processor_s(self.stack))
        require_right(self.stack)
        alone = run_client(
            Spec(
                url=self.stack.plan.ports.url("openai"),
                tokens=(self.stack.plan.secrets["openai_key"],),
                callers=callers,
                warm_up_s=self.warm_up_s / 2,
                seconds=self.seconds / 2,
                straight=True,
            )
        )
        accepted, done, paid = zip(reached.p50_ms, reached.p99_ms, strict=True)
        return {
            "jobs": reached.jobs,
            "jobs_s": reached.jobs_s,
            "accepted_p50_ms": accepted[0],
            "done_p50_ms": done[0],
            "done_p99_ms": done[1],
            "charged_p50_ms": paid[0],
            "charged_p99_ms": paid[1],
            "caller_ms": reached.caller_ms,
            "straight_jobs_s": alone.jobs_s,
            "straight_p50_ms": alone.p50_ms[0],
            "straight_p99_ms": alone.p99_ms[0],
            **{f"cpu_{name}": seconds * 1000 / reached.jobs for name, seconds in spent.items()},
        }

    def _drive(self, callers: int) -> Reached:
        return run_client(
            Spec(
                url=self.stack.running.url("gateway"),
                tokens=self._people(),
                callers=callers,
                warm_up_s=self.warm_up_s,
                seconds=self.seconds,
            )
        )

    def _people(self) -> tuple[str, ...]:
        """Return the tokens of people who are there, new ones where the old may expire."""
        if not self._tokens or time.monotonic() > self._signed_up_at + PEOPLE_STAY_S:
            self._tokens = asyncio.run(sign_up(self.stack))
            self._signed_up_at = time.monotonic()
        return self._tokens


def run_client(spec: Spec) -> Reached:
    """Run callers to their end, in a process of their own."""
    timeout_s = spec.seconds + CLIENT_TIMEOUT_S
    return Reached(**reached_by("bench.path.client", spec.as_json(), timeout_s=timeout_s))


def reached_by(module: str, spec: str, *, timeout_s: float = CLIENT_TIMEOUT_S) -> dict[str, Any]:
    """Run a module of callers to its end; return what it printed last."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, spec],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout_s,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the callers failed:\n{done.stderr[-3000:]}")
    reached: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return reached


def require_right(stack: BenchStack) -> None:
    """Raise WrongWork unless generations and ledger tell the same story, each job charged once."""
    verification = asyncio.run(run_verify(stack.plan.auditor_environment()))
    if not verification.ok:
        raise WrongWork(json.dumps(verification.as_dict()))
