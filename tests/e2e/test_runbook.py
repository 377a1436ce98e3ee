"""docs/runbook.md, typed block by block into a running stack that has the trouble that it is about."""

import contextlib
import re
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from customer import PACK, WELCOME, Customer, until
from embedded.topology import topology
from terminal import Terminal, sections
from tintype_local import state
from tintype_local.ports import Ports
from tintype_local.processes import Plan
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
SKETCH = 5


class Patient:
    """The stack, with what it takes to make it ill."""

    def __init__(self, stack: StackState) -> None:
        self._folder = stack.data_folder
        self.plan = Plan(
            settings=StackSettings(),
            ports=Ports(stack.ports),
            secrets=load_or_make(stack.data_folder / "secrets.json"),
            data=stack.data_folder,
        )

    def sql(self, service: str, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Do something to a service's database that only its superuser can; return its rows."""
        dsn = self.plan.postgres.admin_dsn(f"tintype_{service}")
        with psycopg.connect(dsn, autocommit=True) as admin:
            cursor = admin.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def pid(self, process: str) -> int:
        """The pid that a process has now."""
        running = state.read(self._folder)
        assert running is not None
        return running.pids[process]

    @contextmanager
    def standing_still(self, process: str) -> Iterator[None]:
        """A process does nothing meanwhile, and is then killed, with whatever it was sent."""
        stopped = psutil.Process(self.pid(process))
        stopped.suspend()
        try:
            yield
        finally:
            stopped.kill()

    def back(self, process: str) -> None:
        """Wait until a process that was killed is ready again."""
        (spec,) = (spec for spec in self.plan.services() if spec.name == process)
        until(spec.ready, f"{process} back")

    def lose_the_broker(self) -> None:
        """Its process and all that it stored are gone; an empty one is there."""
        before = self.pid("nats")
        broker = psutil.Process(before)
        broker.suspend()
        shutil.rmtree(self._folder / "nats" / "jetstream")
        broker.send_signal(signal.SIGKILL)
        until(lambda: self.pid("nats") != before and self.plan.nats.ready(), "another broker")

    def everything_is_published(self, service: str) -> bool:
        """Whether nothing waits in a service's outbox."""
        return self.sql(service, "SELECT count(*) FROM outbox") == [(0,)]


# Given each block's output in turn, after it was typed.
Scene = Generator[None, str, None]


def nothing_is_wrong(_patient: Patient, _customer: Customer) -> Scene:
    """The commands only look, or repeat what is there."""
    while True:
        yield


def a_webhook_is_parked(patient: Patient, customer: Customer) -> Scene:
    """A payment's webhook was given up, although it was worked out: replayed, it grants nothing again."""
    _, payment = customer.buy()
    of_it = (
        " WHERE (payment_id = %s OR session_id ="
        " (SELECT session_id FROM checkouts JOIN purchases USING (checkout_id) WHERE payment_id = %s))"
    )
    # Whoever comes back from the checkout has its credits at once, whenever the webhook comes.
    until(
        lambda: patient.sql(
            "billing",
            f"SELECT 1 FROM webhook_events {of_it}"
            " HAVING count(*) > 0 AND bool_and(state IN ('done', 'ignored'))",
            payment,
            payment,
        ),
        "the payment's webhooks worked out",
    )
    parked = patient.sql(
        "billing",
        "UPDATE webhook_events SET state = 'parked', attempts = 20, error = 'a row is missing',"
        f" finished_at = now() {of_it} RETURNING event_id",
        payment,
        payment,
    )
    listed = yield
    assert all(str(row[0]) in listed for row in parked)
    assert "a row is missing" in listed
    yield
    until(
        lambda: (
            not patient.sql("billing", "SELECT 1 FROM webhook_events WHERE state IN ('parked', 'waiting')")
        ),
        "no webhook that waits",
    )
    customer.wait_for(available=WELCOME + PACK)


def a_letter_is_dead(patient: Patient, customer: Customer) -> Scene:
    """The ledger gave up a payment that it had granted after all: replayed, it is not granted again."""
    customer.buy()
    columns = "ce_id, ce_type, subject, headers, payload"
    (fact,) = patient.sql(
        "billing",
        f"SELECT {columns} FROM published_facts WHERE subject LIKE '%%.payment_completed.' || %s",
        customer.account_id,
    )
    headers = psycopg.types.json.Jsonb(fact[3])
    patient.sql(
        "ledger",
        "INSERT INTO dead_letters (event_id, ce_type, subject, headers, payload, deliveries, error)"
        " VALUES (%s, %s, %s, %s, %s, 20, 'the disk was full')",
        *fact[:3],
        headers,
        fact[4],
    )
    assert "the disk was full" in (yield)
    assert f"{fact[0]}  applied" in (yield)
    customer.wait_for(available=WELCOME + PACK)


def a_fact_is_held(patient: Patient, customer: Customer) -> Scene:
    """The ledger's fact has an id that is no word of a subject."""
    patient.sql(
        "ledger",
        "INSERT INTO outbox (subject, ce_id, ce_type, ce_source, ce_time, payload) VALUES"
        " ('tintype.ledger.v1.credits_granted.usr x', 'evt_held', 'tintype.ledger.v1.CreditsGranted',"
        " '/tintype/ledger', now(), '')",
    )
    until(lambda: patient.sql("ledger", "SELECT 1 FROM outbox WHERE retry_at IS NOT NULL") != [], "held")
    assert "evt_held" in (yield)
    assert (yield) == "evt_held  tried again\n"
    assert (yield) == "evt_held  dropped\n"
    assert patient.sql("ledger", "SELECT 1 FROM outbox WHERE ce_id = 'evt_held'") == []
    customer.buy()


def a_balance_is_wrong(patient: Patient, _customer: Customer) -> Scene:
    """Nothing is broken; the correction is typed twice and counts once."""
    yield
    assert "was done before" in (yield)
    wanted = "SELECT count(*) FROM entries WHERE request_id = 'adj_2026_11_28_1'"
    assert patient.sql("ledger", wanted) == [(1,)]


def a_worker_hangs(patient: Patient, customer: Customer) -> Scene:
    """A job waits for a worker that is started anew."""
    with patient.standing_still("generation-worker"):
        customer.generate("local/sketch", prompt="a lighthouse")
        customer.wait_for(available=WELCOME - SKETCH, held=SKETCH)
        assert "local/sketch" in (yield)
    patient.back("generation-worker")
    assert "generation-worker is back" in (yield)
    customer.wait_for(available=WELCOME - SKETCH)


def the_broker_is_empty(patient: Patient, customer: Customer) -> Scene:
    """A payment was published and lost before the ledger had it, others long after: each is granted once."""
    customer.buy()
    with patient.standing_still("ledger"):
        page = customer.open_checkout()
        customer.press(page, "pay")
        until(
            lambda: (
                patient.sql(
                    "billing",
                    "SELECT count(*) FROM published_facts WHERE subject LIKE '%%.payment_completed.' || %s",
                    customer.account_id,
                )
                == [(2,)]
            ),
            "a second payment that was published",
        )
        patient.lose_the_broker()
    patient.back("ledger")
    customer.wait_for(available=WELCOME + PACK)
    yield
    customer.wait_for(available=WELCOME + 2 * PACK)
    for service in topology().services.values():
        if service.publishes:
            until(lambda name=service.name: patient.everything_is_published(name), "all told")
    assert "FAIL" not in (yield)
    customer.wait_for(available=WELCOME + 2 * PACK)


def the_ledger_is_restored(patient: Patient, customer: Customer) -> Scene:
    """What was paid before the dump is there once, what was paid after it is told again."""
    customer.buy()
    yield
    customer.buy()
    until(lambda: patient.everything_is_published("ledger"), "all told")
    yield
    yield
    customer.wait_for(available=WELCOME + PACK)
    yield
    for service in ("identity", "billing", "generation"):
        until(lambda name=service: patient.everything_is_published(name), "all told")
    # Its last payment was told last.
    customer.wait_for(available=WELCOME + 2 * PACK)
    assert "FAIL" not in (yield)
    patient.sql("gateway", "DROP DATABASE tintype_ledger_broken")


def a_role_is_replaced(patient: Patient, _customer: Customer) -> Scene:
    """The new role reads what the old one reads; the stack goes on with the old one."""
    yield
    try:
        yield
    finally:
        patient.sql("ledger", "ALTER ROLE ledger_service LOGIN")
    yield
    patient.sql("ledger", "DROP ROLE ledger_service_next")


SCENES: dict[str, Callable[[Patient, Customer], Scene]] = {
    "Before anything else": nothing_is_wrong,
    "Alarms": nothing_is_wrong,
    "A parked webhook": a_webhook_is_parked,
    "Stripe refuses us, or is away": nothing_is_wrong,
    "A dead letter": a_letter_is_dead,
    "A held fact": a_fact_is_held,
    "A broken invariant": a_balance_is_wrong,
    "A stuck job": a_worker_hangs,
    "A provider whose account is out of money": nothing_is_wrong,
    "A provider that fails": nothing_is_wrong,
    "A broker that is away, or was rebuilt from nothing": the_broker_is_empty,
    "Restore from a dump": the_ledger_is_restored,
    "Keys and passwords": a_role_is_replaced,
}


@pytest.fixture
def terminal(stack: StackState, tmp_path: Path) -> Iterator[Terminal]:
    """A shell of its own for each entry."""
    opened = Terminal(stack, tmp_path)
    yield opened
    opened.close()


def test_every_entry_is_typed() -> None:
    """Commands that nobody tries grow old."""
    assert list(sections(RUNBOOK.read_text())) == list(SCENES)


@pytest.mark.parametrize("heading", SCENES)
def test_an_entry_does_what_it_says(
    heading: str, stack: StackState, terminal: Terminal, customer: Customer
) -> None:
    """Each block in its turn, into one shell, with the trouble there."""
    scene = SCENES[heading](Patient(stack), customer)
    next(scene)
    for block in sections(RUNBOOK.read_text())[heading]:
        printed = terminal.type(block)
        with contextlib.suppress(StopIteration):
            scene.send(printed)


def test_every_alarm_is_measured(stack: StackState) -> None:
    """A metric by another name would never alarm anybody."""
    table = RUNBOOK.read_text().partition("## Alarms")[2].partition("```sh")[0]
    cells = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    alarms = {name for cell in cells for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", cell)}
    assert len(alarms) >= 16
    listens = [(process.metrics or process.http).name for process in topology().processes]
    measured = "".join(httpx.get(f"{stack.url(name)}/metrics").text for name in listens)
    assert {name for name in alarms if f"# HELP {name} " not in measured} == set()
