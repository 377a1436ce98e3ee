"""Hundreds of streams at once: what each takes, and clients that vanish, crawl and come back."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import psutil

from bench.path import meters
from bench.path.cases import ROOT, Figures, WrongWork, require_right
from bench.path.chat_books import Books, require_charged
from bench.path.chat_cases import MODEL, PATH
from bench.path.crowd_client import CrowdSpec
from bench.path.stack import BenchStack

KIB, MIB = 1024, 1024 * 1024
GATEWAY, INTERACTIVE, PROVIDER = "gateway", "generation-interactive", "openai"
# Whoever vanished must be known to have at the provider.
STOPPED_WITHIN_S = 10.0
# What crawlers leave unread on the way may not grow: they are given so much for what else goes on.
CRAWL_GROWTH_MAX_BYTES = 16 * MIB
# While something fills up, the gateway works more in a second; how long that may take before it is looked at
# all the same.
FULL_WORK_MAX_S = 0.05
FILLED_WITHIN_S = 120


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen at one moment."""

    gateway_bytes: int
    interactive_bytes: int
    processor_s: dict[str, float]

    @classmethod
    def at(cls, stack: BenchStack) -> Self:
        """Look."""
        processes = stack.processes()
        return cls(
            gateway_bytes=_rss_bytes(processes[GATEWAY]),
            interactive_bytes=_rss_bytes(processes[INTERACTIVE]),
            processor_s=meters.processor_s(stack),
        )


def gathered(
    stack: BenchStack, keys: Sequence[str], *, streams: int, steady_s: float, pace_s: float = 1.0
) -> Figures:
    """Return the figures. Raises WrongWork where a stream is not stopped or charged, or a process grows."""
    spec = CrowdSpec(
        url=stack.running.url("gateway"),
        path=PATH,
        model=MODEL,
        keys=tuple(keys),
        streams=streams,
        vanish=streams // 5,
        crawl=min(40, streams // 5),
        pace_s=pace_s,
        steady_s=steady_s,
    )
    books = Books.read(stack)
    crowd = _Followed(stack, spec)
    figures = crowd.followed()
    require_charged(stack, books, chats=spec.streams + spec.crawl)
    require_right(stack)
    return figures


class _Followed:
    """A crowd that is looked at wherever it says where it is."""

    def __init__(self, stack: BenchStack, spec: CrowdSpec) -> None:
        self._stack = stack
        self._spec = spec
        self._looks: dict[str, Look] = {}
        self._told: dict[str, Any] = {}
        self._read_before = 0
        self._stopped_s = 0.0

    def followed(self) -> Figures:
        self._looks["before"] = Look.at(self._stack)
        with subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "bench.path.crowd_client", self._spec.as_json()],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdin is not None  # noqa: S101
            assert process.stdout is not None  # noqa: S101
            assert process.stderr is not None  # noqa: S101
            for line in process.stdout:
                told = json.loads(line)
                self._told |= told
                is_filling = told["where"] == "crawling"
                self._looks[told["where"]] = self._until_full() if is_filling else Look.at(self._stack)
                if told["where"] == "steady":
                    self._read_before = self._read_at_provider()
                if told["where"] == "vanished":
                    self._stopped_s = self._until_stopped()
                if told["where"] != "over":
                    process.stdin.write("\n")
                    process.stdin.flush()
            if process.wait() != 0:
                raise RuntimeError(f"the crowd failed:\n{process.stderr.read()[-3000:]}")
        return self._figures()

    def _until_full(self) -> Look:
        """Return what is taken once there is no room left on the way: sockets of a system hold megabytes."""
        look = Look.at(self._stack)
        for _ in range(FILLED_WITHIN_S):
            time.sleep(1.0)
            before, look = look, Look.at(self._stack)
            if meters.spent_s(before.processor_s, look.processor_s)["gateway"] < FULL_WORK_MAX_S:
                break
        return look

    def _until_stopped(self) -> float:
        """Return after how long nobody is read any more at the provider for those who vanished."""
        # Connections that nobody uses now may be kept as well.
        began, left = time.monotonic(), self._read_before - self._spec.vanish
        while (reading := self._read_at_provider()) > left:
            if time.monotonic() > began + STOPPED_WITHIN_S:
                raise WrongWork(f"{reading} streams are read at the provider for {left} who listen")
            time.sleep(0.02)
        return time.monotonic() - began

    def _read_at_provider(self) -> int:
        port = self._stack.plan.ports[PROVIDER]
        (process,) = self._stack.processes()[INTERACTIVE]
        return sum(
            1
            for one in process.net_connections("tcp")
            if one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED
        )

    def _figures(self) -> Figures:
        before, begun, steady = (self._looks[name] for name in ("before", "begun", "steady"))
        crawling, crawled = self._looks["crawling"], self._looks["crawled"]
        streams, events = self._spec.streams, self._told["events"]
        grown = _grown_bytes(crawling, crawled)
        if grown > CRAWL_GROWTH_MAX_BYTES:
            raise WrongWork(f"those who crawl let a process grow by {grown} bytes")
        spent = meters.spent_s(begun.processor_s, steady.processor_s)
        named = {
            f"cpu_us_a_chunk_{name}": spent[name] * 1_000_000 / events for name in ("gateway", "interactive")
        }
        unread = meters.spent_s(crawling.processor_s, crawled.processor_s)
        return {
            "streams": streams,
            "kib_a_stream_gateway": (steady.gateway_bytes - before.gateway_bytes) / KIB / streams,
            "kib_a_stream_interactive": (steady.interactive_bytes - before.interactive_bytes) / KIB / streams,
            **named,
            "first_p50_ms": self._told["first_p50_ms"],
            "first_p99_ms": self._told["first_p99_ms"],
            "chunks_s": self._told["events_s"],
            "vanished_stopped_ms": self._stopped_s * 1000,
            "crawl_grown_mib": grown / MIB,
            "crawl_provider_cpu_s": unread["stand_in"],
            "crawl_read_on_kib": self._told["crawl_read_on_kib"],
        }


def _rss_bytes(processes: Sequence[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in processes)


def _grown_bytes(before: Look, after: Look) -> int:
    return max(after.gateway_bytes - before.gateway_bytes, after.interactive_bytes - before.interactive_bytes)
