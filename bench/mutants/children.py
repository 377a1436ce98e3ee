"""Work in forked children: some at a time, each within its limits, each answering in JSON."""

import ctypes
import json
import os
import resource
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

MEMORY_MAX_BYTES = 4 * 1024**3
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Work:
    """What a child does, and when it is stopped: past so many seconds of processor or of any time."""

    key: Any
    do: Callable[[], Any]
    cpu_s: float
    wall_s: float


@dataclass
class _Child:
    work: Work
    pid: int
    ends_at: float
    told: bytearray = field(default_factory=bytearray)


def answers(works: Iterator[Work], *, workers: int) -> Iterator[tuple[Work, Any]]:
    """Do all of it, asked for when there is room; yield each answer as it comes.

    The answer is None of a child that was stopped, or that died without a word. Whoever stops
    listening ends the children that still run.
    """
    running: dict[int, _Child] = {}
    with selectors.DefaultSelector() as selector:
        try:
            is_more = True
            while is_more or running:
                while is_more and len(running) < workers:
                    work = next(works, None)
                    is_more = work is not None
                    if work is not None:
                        read_end = _start(work, running)
                        selector.register(read_end, selectors.EVENT_READ)
                for read_end in _heard(selector, running):
                    selector.unregister(read_end)
                    os.close(read_end)
                    child = running.pop(read_end)
                    _end(child)
                    yield child.work, json.loads(child.told) if child.told.endswith(b"\n") else None
        finally:
            for child in running.values():
                _end(child)


def _start(work: Work, running: dict[int, _Child]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    read_end, write_end = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _do(work, write_end, parent)
    os.close(write_end)
    running[read_end] = _Child(work, pid, time.monotonic() + work.wall_s)
    return read_end


def _do(work: Work, write_end: int, parent: int) -> None:
    """Work, answer, and end, whatever happens."""
    try:
        os.setpgid(0, 0)
        _die_with(parent)
        used_s = sum(os.times()[:2])
        with suppress(ValueError, OSError):
            cpu_s = int(used_s + work.cpu_s) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
        try:
            answer = work.do()
        except BaseException:  # noqa: BLE001 - the parent is told of everything
            answer = {"error": traceback.format_exc()}
        told = json.dumps(answer).encode() + b"\n"
        while told:
            told = told[os.write(write_end, told) :]
    finally:
        os._exit(0)


def _die_with(parent: int) -> None:
    """Let nobody go on when the one who listens was killed, where the kernel can do so."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _heard(selector: selectors.BaseSelector, running: dict[int, _Child]) -> list[int]:
    """Wait until some child ended or has to, and return their pipes."""
    wait_s = min(child.ends_at for child in running.values()) - time.monotonic() if running else 0
    over = []
    for key, _ in selector.select(max(0, wait_s)):
        told = os.read(key.fd, 1 << 20)
        running[key.fd].told += told
        if not told:
            over.append(key.fd)
    now = time.monotonic()
    return over + [fd for fd, child in running.items() if child.ends_at <= now and fd not in over]


def _end(child: _Child) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(child.pid, 0)
