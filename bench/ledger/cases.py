"""What is measured, side by side: each case runs on a database and returns figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.nats_server import NatsServer
from embedded.testing import ServiceDatabase

from bench.ledger import checks, pgbench, processes, relay
from bench.ledger.client import Spec
from bench.ledger.databases import ACCOUNTS
from bench.ledger.load import Load
from bench.ledger.servers import TunedPostgres

# Batches of 500 that one caller has on the way at the same time.
BATCHES_IN_FLIGHT = 4

Figures = Mapping[str, float]
Case = Callable[[ServiceDatabase], Figures]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """How long each case runs, and where the servers are."""

    seconds: int
    warm_up_s: int
    folder: Path
    postgres: TunedPostgres
    nats: NatsServer
    profile: Path | None = None

    def cases(self) -> dict[str, Case]:
        """Return the cases in the order of a round: each side right after the other."""
        return {
            "pgbench, 10,000 accounts": lambda database: self._pgbench(database, "spread", ACCOUNTS),
            "batches, 10,000 accounts": lambda database: self._batches(database, "spread", ACCOUNTS),
            "pgbench, one account": lambda database: self._pgbench(database, "hot", 1),
            "batches, one account": lambda database: self._batches(database, "hot", 1),
            "coalescing client": self._coalesced,
            "unary calls": self._unary,
            "relay": self._relay,
        }

    def _pgbench(self, database: ServiceDatabase, name: str, accounts: int) -> Figures:
        before, busy = checks.written(database), self._postgres_s()
        measured = pgbench.measure(
            self.postgres.program("pgbench"),
            database,
            accounts=accounts,
            seconds=self.seconds,
            warm_up_s=self.warm_up_s,
        )
        postgres_us = (self._postgres_s() - busy) / measured.commands * 1e6
        checks.require_right(database, before=before, commands=measured.commands)
        return {f"pgbench_{name}_ops_s": measured.commands_s, f"pgbench_{name}_postgres_us": postgres_us}

    def _batches(self, database: ServiceDatabase, name: str, accounts: int) -> Figures:
        with processes.server(database.url, self.folder, self._profile(f"batch_{name}")) as server:
            load, cost = self._client(database, server, "batches", accounts)
        return {f"batch_{name}_ops_s": load.commands_s, **_named(f"batch_{name}", cost)}

    def _coalesced(self, database: ServiceDatabase) -> Figures:
        with processes.server(database.url, self.folder, self._profile("coalesced")) as server:
            load, cost = self._client(database, server, "coalesced", ACCOUNTS)
        return {"coalesced_ops_s": load.commands_s, **_named("coalesced", cost)}

    def _unary(self, database: ServiceDatabase) -> Figures:
        with processes.server(database.url, self.folder, self._profile("unary")) as server:
            noop, noop_cost = self._client(database, server, "noop", ACCOUNTS)
            load, cost = self._client(database, server, "unary", ACCOUNTS)
        return {
            "unary_ops_s": load.commands_s,
            "noop_unary_ops_s": noop.commands_s,
            "unary_p50_ms": load.p50_ms,
            "unary_p99_ms": load.p99_ms,
            **_named("unary", cost),
            **_named("noop_unary", noop_cost),
        }

    def _relay(self, database: ServiceDatabase) -> Figures:
        return {
            "publish_events_s": relay.measure_publishing(self.nats, seconds=self.seconds),
            "relay_events_s": relay.measure(database, self.nats, seconds=self.seconds),
        }

    def _client(
        self, database: ServiceDatabase, server: processes.Server, case: str, accounts: int
    ) -> tuple[Load, Figures]:
        """Run one load and say what a command cost; a figure counts only when the books are right."""
        before = checks.written(database)
        served_s, stored_s = server.cpu_s(), self._postgres_s()
        load = processes.client(
            Spec(
                target=server.target,
                case=case,
                accounts=accounts,
                seconds=self.seconds,
                warm_up_s=self.warm_up_s,
                in_flight=BATCHES_IN_FLIGHT,
            )
        )
        cost = {
            "server_us": (server.cpu_s() - served_s) / load.commands * 1e6,
            "postgres_us": (self._postgres_s() - stored_s) / load.commands * 1e6,
            "caller_us": load.caller_us,
        }
        checks.require_right(database, before=before, commands=0 if case == "noop" else load.commands)
        return load, cost

    def _postgres_s(self) -> float:
        return processes.postgres_cpu_s(self.postgres.data_folder)

    def _profile(self, case: str) -> Path | None:
        return None if self.profile is None else self.profile / f"{case}.txt"


def _named(case: str, cost: Figures) -> Figures:
    return {f"{case}_{what}": value for what, value in cost.items()}
