"""The service as it runs: its own process, real PostgreSQL, NATS and SMTP."""

import asyncio
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import httpx
import nats
import psycopg
import pytest
from aiosmtpd.controller import Controller
from chassis import nats as broker
from chassis.events import TOLD_AGAIN, event
from chassis.grpc_client import channel
from chassis.publisher import Publisher
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase
from identity.__main__ import MIGRATIONS, main
from identity_world import ADA, PASSWORD
from joserfc.jwk import OKPKey
from tintype.identity.v1 import events_pb2
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as pb_grpc
from tintype.ledger.v1 import events_pb2 as ledger_pb2

SETTINGS = {
    "IDENTITY_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
    "IDENTITY_NATS_URL": "nats://127.0.0.1:1",
    "IDENTITY_NATS_USER": "identity",
    "IDENTITY_NATS_PASSWORD": "unused",
    "IDENTITY_CALLERS": json.dumps({"gateway": hashlib.sha256(b"token").hexdigest()}),
    "IDENTITY_PUBLIC_URL": "http://127.0.0.1:8000",
    "IDENTITY_SIGNING_KEYS": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)),
    "IDENTITY_ARGON2_MEMORY_KIB": "1024",
    "IDENTITY_ARGON2_TIME_COST": "1",
}
START_TIMEOUT_S = 60
EVENT_TIMEOUT_S = 15


class Mailbox:
    """Hands every mail that arrives to the test's event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.mails: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take the mail; aiosmtpd calls this on a thread of its own."""
        self._loop.call_soon_threadsafe(self.mails.put_nowait, envelope.content)
        return "250 OK"


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, int]]:
    """A mailbox and the port of its server."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    yield mailbox, controller.port
    controller.stop()


@pytest.fixture
def environment(database: ServiceDatabase, nats_account: Callable[[str], NatsLogin]) -> dict[str, str]:
    """Settings of a service that can start."""
    login, (grpc_port, http_port) = nats_account("identity"), free_ports(2)
    return {
        **os.environ,
        **SETTINGS,
        "IDENTITY_DATABASE_URL": database.url,
        "IDENTITY_NATS_URL": login.url,
        "IDENTITY_NATS_USER": login.user,
        "IDENTITY_NATS_PASSWORD": login.password,
        "IDENTITY_GRPC_LISTEN": f"127.0.0.1:{grpc_port}",
        "IDENTITY_HTTP_LISTEN": f"127.0.0.1:{http_port}",
    }


def run(environment: Mapping[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of the service to its end."""
    return subprocess.run(
        [sys.executable, "-m", "identity", *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the service; whatever still runs after the test is killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def begin(**settings: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "identity", "serve"], env={**environment, **settings}
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.wait()


async def ready(environment: Mapping[str, str]) -> httpx.Response:
    """Wait until the service says that it is ready."""
    url = f"http://{environment['IDENTITY_HTTP_LISTEN']}/readyz"
    async with asyncio.timeout(START_TIMEOUT_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                answer = await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 200:
                return answer
            await asyncio.sleep(0.05)


async def test_from_sign_up_to_mail_and_event(
    environment: dict[str, str],
    start: Callable[..., subprocess.Popen[bytes]],
    mailbox: tuple[Mailbox, int],
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
) -> None:
    """A sign-up is answered, told once to the other contexts, and mailed; SIGTERM then ends it cleanly."""
    inbox, smtp_port = mailbox
    process = start(
        IDENTITY_SMTP_HOST="127.0.0.1", IDENTITY_SMTP_PORT=str(smtp_port), IDENTITY_SMTP_STARTTLS="false"
    )
    assert (await ready(environment)).json() == {"ready": True, "failed": {}}

    async with channel(environment["IDENTITY_GRPC_LISTEN"], token="token") as opened:
        identity = pb_grpc.IdentityServiceStub(opened)
        signed_up = await identity.SignUp(pb.SignUpRequest(email=ADA, password=PASSWORD), timeout=10)
        mail = await asyncio.wait_for(inbox.mails.get(), EVENT_TIMEOUT_S)
        text = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
        assert text is not None
        token = re.search(r"http://127\.0\.0\.1:8000/verify-email\?token=(\S+)", text.get_content())
        assert token is not None
        verified = await identity.VerifyEmail(pb.VerifyEmailRequest(token=token[1]), timeout=10)
        assert verified.user.email_verified

    user_id = signed_up.user.user_id
    admin = nats_account("admin")
    client = await nats.connect(admin.url, user=admin.user, password=admin.password)
    try:
        stream = client.jetstream()
        subscription = await stream.subscribe(
            "tintype.identity.v1.>", stream="IDENTITY", ordered_consumer=True
        )
        message = await subscription.next_msg(timeout=EVENT_TIMEOUT_S)
        assert message.subject == f"tintype.identity.v1.user_registered.{user_id}"
        registered = events_pb2.UserRegistered.FromString(message.data)
        assert (registered.user_id, registered.email) == (user_id, ADA)
        assert registered.welcome == events_pb2.WELCOME_AFTER_CONFIRMATION
        message = await subscription.next_msg(timeout=EVENT_TIMEOUT_S)
        assert message.subject == f"tintype.identity.v1.email_verified.{user_id}"
        assert events_pb2.EmailVerified.FromString(message.data).welcome == events_pb2.WELCOME_NOW
        await until_relayed(database)
        assert (await stream.stream_info("IDENTITY")).state.messages == 2
    finally:
        await client.close()

    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 10) == 0


async def test_a_low_balance_is_mailed_once(
    environment: dict[str, str],
    start: Callable[..., subprocess.Popen[bytes]],
    mailbox: tuple[Mailbox, int],
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
) -> None:
    """Told again, to a process that was killed meanwhile: one mail, and one for the next fact."""
    inbox, smtp_port = mailbox
    mail = {
        "IDENTITY_SMTP_HOST": "127.0.0.1",
        "IDENTITY_SMTP_PORT": str(smtp_port),
        "IDENTITY_SMTP_STARTTLS": "false",
    }
    created = run(environment, "create-user", "--email", ADA, "--password-stdin", stdin=f"{PASSWORD}\n")
    _, user_id, _ = created.stdout.split()

    async def tell(event_id: str, *, again: str = "") -> None:
        login = nats_account("ledger")
        connection = await broker.connect(login.url, user=login.user, password=login.password, name="test")
        await broker.ensure_stream(connection.jetstream(), "ledger")
        message = ledger_pb2.BalanceLow(account_id=user_id, threshold=100)
        message.balance.available = 42
        fact = event(message, account=user_id, event_id=event_id, time=datetime.now(UTC))
        # As a relay tells it whose broker has forgotten the first time.
        fact = fact._replace(headers={**fact.headers, TOLD_AGAIN: again} if again else fact.headers)
        await Publisher(connection.jetstream()).publish(fact)
        await connection.close()

    await tell("evt_1")
    process = start(**mail)
    first = message_from_bytes(await asyncio.wait_for(inbox.mails.get(), START_TIMEOUT_S))
    assert first["Subject"] == "Your credits are running low"
    process.kill()
    process.wait()
    await tell("evt_1", again="1")
    await tell("evt_2")
    start(**mail)
    second = message_from_bytes(await asyncio.wait_for(inbox.mails.get(), START_TIMEOUT_S))
    assert second["Message-ID"] != first["Message-ID"]
    with psycopg.connect(database.admin_dsn) as connection:
        heard = connection.execute("SELECT event_id FROM inbox ORDER BY 1").fetchall()
        mails = connection.execute("SELECT count(*) FROM outgoing_mail").fetchone()
    assert (heard, mails) == ([("evt_1",), ("evt_2",)], (2,))
    assert inbox.mails.empty()


async def until_relayed(database: ServiceDatabase) -> None:
    """Wait until the outbox is empty."""
    async with asyncio.timeout(EVENT_TIMEOUT_S):
        with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
            # Another process empties it, so that there is no event to wait for here.
            while connection.execute("SELECT count(*) FROM outbox").fetchone() != (0,):
                await asyncio.sleep(0.05)


def test_an_account_is_seeded_once(environment: dict[str, str], database: ServiceDatabase) -> None:
    """The second run says that the account exists and exits 0; the password is never an argument."""
    command = ["create-user", "--email", ADA, "--full-name", "Ada", "--role", "admin", "--password-stdin"]
    first, second = (run(environment, *command, stdin=f"{PASSWORD}\n") for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    verb, user_id, email = first.stdout.split()
    assert (verb, email) == ("created", ADA)
    assert second.stdout.split() == ["exists", user_id, ADA]
    with psycopg.connect(database.admin_dsn) as connection:
        rows = connection.execute("SELECT user_id, role, email_verified_at IS NOT NULL FROM users").fetchall()
        assert rows == [(user_id, "admin", True)]
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)


def test_a_role_is_granted_and_revoked(environment: dict[str, str], database: ServiceDatabase) -> None:
    """By the tables' owner; sessions end with the role. Who is nobody, and what is no role, is refused."""
    environment["IDENTITY_MIGRATION_DATABASE_URL"] = database.owner_url
    created = run(environment, "create-user", "--email", ADA, "--full-name", "Ada")
    user_id = created.stdout.split()[1]
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO sessions VALUES ('ses_1', %s, now())", (user_id,))
        granted = run(environment, "roles", "grant", ADA, "admin")
        assert granted.stdout == f"admin {user_id} {ADA}\n", granted.stderr
        reading = "SELECT role, end_reason FROM users JOIN sessions USING (user_id)"
        assert connection.execute(reading).fetchall() == [("admin", None)]
        last = run(environment, "roles", "revoke", ADA)
        assert (last.returncode, last.stderr.split(":")[0]) == (1, "LAST_ADMINISTRATOR")
        run(environment, "create-user", "--email", "eve@example.com", "--role", "admin")
        revoked = run(environment, "roles", "revoke", ADA, "--actor", "grace", "--reason", "left us")
        assert revoked.stdout == f"user {user_id} {ADA}\n", revoked.stderr
        assert connection.execute(reading).fetchall() == [("user", "role_revoked")]
        told = connection.execute("SELECT ce_type FROM outbox ORDER BY id").fetchall()
        assert told[-1] == ("tintype.identity.v1.SessionsEnded",)
        records = "SELECT actor, after ->> 'role', reason FROM audit_records ORDER BY record_id"
        assert connection.execute(records).fetchall()[-1] == ("operator:grace", "user", "left us")
    nobody = run(environment, "roles", "grant", "nobody@example.com", "admin")
    assert (nobody.returncode, nobody.stderr.split(":")[0]) == (1, "USER_NOT_FOUND")
    assert run(environment, "roles", "grant", ADA, "owner").returncode == 2


def test_a_refused_account_is_explained(environment: dict[str, str], database: ServiceDatabase) -> None:
    """A weak password ends with the reason and exit code 1, and stores nothing."""
    weak = run(environment, "create-user", "--email", ADA, "--password-stdin", stdin="short\n")
    assert weak.returncode == 1
    assert "WEAK_PASSWORD: The password needs at least 10 characters." in weak.stderr
    with psycopg.connect(database.admin_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_SIGNING_KEYS", "/does/not/exist.pem"),
        ("IDENTITY_SIGNING_KEYS", None),
        ("IDENTITY_PUBLIC_URL", "tintype"),
        ("IDENTITY_LOGIN_LIMIT_PER_ACCOUNT", "ten"),
        ("IDENTITY_RATE_LIMIT_URI", "mongodb://localhost"),
        ("IDENTITY_SMTP_PORT", "99999"),
    ],
)
def test_a_bad_setting_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str | None
) -> None:
    """The start ends with exit code 2 and a line that names the setting."""
    settings = {**SETTINGS, name: value}
    for key, text in settings.items():
        monkeypatch.delenv(key, raising=False) if text is None else monkeypatch.setenv(key, text)
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"missing in the environment: {name}" if value is None else line.startswith(f"{name}: ")


def test_migrating_again_changes_nothing(monkeypatch: pytest.MonkeyPatch, database: ServiceDatabase) -> None:
    """Migrations are idempotent: the database is at the newest one, before and after."""
    monkeypatch.setenv("IDENTITY_MIGRATION_DATABASE_URL", database.owner_url)
    newest = max(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/0*.py"))
    for _ in range(2):
        with psycopg.connect(database.admin_dsn) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest,)]
        assert main(["migrate"]) == 0
