"""Measure pages of a library of 10,000 jobs on the running stack, as a client beside it sees them.

`python -m bench.library [FOLDER]`: FOLDER is the stack's data folder. A user of its own gets 10,000 rows.
A page's time is until the whole of it is there; on a machine that others use, look at the processor time of
the gateway and of the generation service, which is what the page costs.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
from tintype_local.secrets_file import load_or_make
from tintype_local.state import read

JOBS, ROUNDS = 10_000, 30
SERVERS = ("gateway", "generation-api")
FILL = """
    INSERT INTO generations (generation_id, account_id, model_id, modality, status, input, provider_order,
        metadata, price_credits, price_units, price_breakdown, idempotency_key, fingerprint, progress,
        credits_charged, cancel_requested, created_at, deadline_at, finished_at, is_favourite, search_text)
    SELECT 'gen_' || md5(%(account)s || n), %(account)s,
        CASE WHEN n %% 50 = 0 THEN 'local/motion' ELSE 'local/sketch' END,
        CASE WHEN n %% 50 = 0 THEN 'video' ELSE 'image' END, 'failed',
        jsonb_build_object('prompt', 'a fox crossing fresh snow, number ' || n, 'ratio', '16:9'), '{local}',
        '{}', 5, 1, '', 'k' || n, 'f', 0, 0, false,
        now() - make_interval(mins => n), now(), now(), n %% 200 = 0,
        'a fox crossing fresh snow, number ' || n
    FROM generate_series(1, %(jobs)s) AS n
"""
PAGES = {
    "first": "",
    "kind": "?kind=video",
    "state": "?state=failed",
    "favourites": "?favourite=on",
    "often": "?search=fox",
    "nowhere": "?search=whale",
}


def main(folder: Path) -> None:
    """Fill a library, ask for its pages in turn, print one line a page and all of it as JSON."""
    stack = read(folder)
    base = stack.url("gateway")
    password = uuid4().hex
    with httpx.Client(base_url=base, headers={"Origin": base}, timeout=30) as client:
        email = f"bench-{uuid4().hex[:10]}@example.com"
        client.post("/signup", data={"email": email, "password": password})
        answer = client.post("/v1/auth/login", json={"email": email, "password": password}).raise_for_status()
        _fill(folder, stack.ports["postgres"], answer.json()["user"]["id"])
        servers = [stack.pids[name] for name in SERVERS]
        figures = {name: _measured(client, f"/library{query}", servers) for name, query in PAGES.items()}
    for name, (median_ms, processor_ms) in figures.items():
        print(f"{name:<12} median {median_ms:6.1f} ms   processor {processor_ms:6.1f} ms")
    print(json.dumps({f"{name}_processor_ms": round(figure[1], 1) for name, figure in figures.items()}))


def _fill(folder: Path, port: int, account: str) -> None:
    password = load_or_make(folder / "secrets.json")["postgres_admin"]
    dsn = f"postgresql://postgres:{password}@127.0.0.1:{port}/tintype_generation"
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(FILL, {"account": account, "jobs": JOBS})
        admin.execute("VACUUM ANALYZE generations")


def _measured(client: httpx.Client, path: str, servers: Sequence[int]) -> tuple[float, float]:
    took_ms = []
    spent_s = _processor_s(servers)
    for _ in range(ROUNDS):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        took_ms.append((time.perf_counter() - began) * 1000)
    return statistics.median(took_ms), (_processor_s(servers) - spent_s) / ROUNDS * 1000


def _processor_s(servers: Sequence[int]) -> float:
    """Return the processor time of these processes so far."""
    ticks = 0
    for pid in servers:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".tintype").resolve())
