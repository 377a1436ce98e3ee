"""What identity's tests share: the whole service in memory, and people to use it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.testing.clock import HandClock
from identity.adapters.inbound.grpc import Handlers
from identity.adapters.outbound.fakes import MemoryHasher, MemoryMailer
from identity.adapters.outbound.memory.directory import MemoryDirectory
from identity.adapters.outbound.memory.mail_queue import MemoryMailQueue
from identity.adapters.outbound.memory.people import MemoryPeople
from identity.adapters.outbound.memory.store import MemoryStore
from identity.adapters.outbound.memory.unit_of_work import MemoryUnitsOfWork
from identity.adapters.outbound.postgres.directory import PostgresDirectory
from identity.adapters.outbound.postgres.mail_queue import PostgresMailQueue
from identity.adapters.outbound.postgres.people import PostgresPeople
from identity.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from identity.application.change_user import ChangeUser
from identity.application.create_api_key import CreateApiKey
from identity.application.log_in import LogIn
from identity.application.open_session import OpenedSession
from identity.application.refresh_session import RefreshSession
from identity.application.request_password_reset import RequestPasswordReset
from identity.application.send_due_mail import SendDueMailHandler
from identity.application.sign_up import SignUp
from identity.application.verify_email import VerifyEmail
from identity.bootstrap.memory import memory_ports
from identity.bootstrap.parts import wire_change_user, wire_handlers
from identity.bootstrap.ports import Ports
from identity.domain.api_key import ApiKeyTerms, Scope
from identity.domain.audit import Actor
from identity.domain.client import Client
from identity.domain.identifiers import IdempotencyKey, UserId
from identity.domain.mail import Purpose
from identity.domain.user import EmailAddress, User
from identity.ports.directory import Directory
from identity.ports.mail_queue import MailQueue
from identity.ports.people import People
from identity.ports.unit_of_work import UnitsOfWork
from sqlalchemy.ext.asyncio import AsyncEngine

ADA, EVE = EmailAddress("ada@example.com"), EmailAddress("eve@example.com")
PASSWORD = "the analytical engine"
OTHER_PASSWORD = "weaves algebraic patterns"
CLIENT = "203.0.113.7"
OPERATOR = Actor.operator("ops")
# Two people as storage has them, when they have signed up and done nothing else.
JOINED_AT = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
OWNER, OTHER = (
    User(user_id=UserId(f"usr_{email}"), email=email, password_hash=None, full_name="", created_at=JOINED_AT)
    for email in (ADA, EVE)
)


def from_(client: str | Client) -> Client:
    """Where a request comes from; an address alone is enough."""
    return client if isinstance(client, Client) else Client(address=client)


@dataclass
class World:
    """One identity service in memory, with time standing still."""

    store: MemoryStore = field(default_factory=MemoryStore)
    clock: HandClock = field(default_factory=HandClock)
    hasher: MemoryHasher = field(default_factory=MemoryHasher)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)

    def __post_init__(self) -> None:
        self.rewire(memory_ports(self.store, clock=self.clock, hasher=self.hasher))
        self.send_due_mail = SendDueMailHandler(
            MemoryMailQueue(self.store), self.mailer, self.clock, lease=timedelta(minutes=1)
        )

    def rewire(self, ports: Ports) -> None:
        """Carry on over other ports."""
        self.ports: Ports = ports
        self.handlers: Handlers = wire_handlers(ports)

    async def sign_up(
        self, email: EmailAddress = ADA, password: str = PASSWORD, client: str | Client = CLIENT
    ) -> OpenedSession:
        """A new person."""
        return await self.handlers.sign_up(
            SignUp(email=email, password=password, full_name="Ada Lovelace", client=from_(client))
        )

    async def confirmed(self, email: EmailAddress = ADA) -> User:
        """A new person whose address is proven."""
        await self.sign_up(email)
        return await self.handlers.verify_email(VerifyEmail(self.mailed_token(Purpose.VERIFY_EMAIL)))

    async def log_in(
        self,
        email: str = ADA,
        password: str = PASSWORD,
        client: str | Client = CLIENT,
        device: str | None = None,
    ) -> OpenedSession:
        """The person comes back, perhaps on a device that was given a token."""
        tokens = () if device is None else (device,)
        return await self.handlers.log_in(LogIn(EmailAddress(email), password, from_(client), tokens))

    async def refresh(self, refresh_token: str, client: str | Client = CLIENT) -> OpenedSession:
        """The person's client carries on."""
        return await self.handlers.refresh_session(RefreshSession(refresh_token, from_(client)))

    async def ask_for_reset(self, email: EmailAddress = ADA) -> None:
        """Somebody says to have forgotten the password."""
        await self.handlers.request_password_reset(RequestPasswordReset(email, CLIENT))

    def mailed_token(self, purpose: Purpose) -> str:
        """The token in the newest queued mail."""
        return [row.mail.token for row in self.store.mails.values() if row.mail.purpose is purpose][-1]

    async def change_user(self, user_id: UserId, **change: Any) -> User:
        """Somebody with a role, an operator unless another is named, changes what a person may do."""
        act = wire_change_user(self.ports.units, self.ports.ids, self.clock)
        return await act(ChangeUser(**{"user_id": user_id, "actor": OPERATOR} | change))

    def change(self, user_id: UserId, **changes: object) -> User:
        """Do what only an operator can."""
        changed = replace(self.store.users[user_id], **changes)  # type: ignore[arg-type]
        self.store.users[user_id] = changed
        return changed


def create_api_key(user_id: UserId, request: str = "req_1", **terms: Any) -> CreateApiKey:
    """What makes a key that may start and read generations, unless something else is said."""
    scopes = frozenset({Scope.GENERATIONS_READ, Scope.GENERATIONS_WRITE})
    return CreateApiKey(
        user_id, IdempotencyKey(request), ApiKeyTerms(**{"name": "Shop", "scopes": scopes} | terms)
    )


@dataclass(frozen=True)
class Storage:
    """One implementation of every port of storage."""

    units: UnitsOfWork
    directory: Directory
    people: People
    mail_queue: MailQueue

    def beneath(self, ports: Ports) -> Ports:
        """The same ports, with their data in here."""
        return replace(ports, units=self.units, directory=self.directory, people=self.people)


async def with_two_people(storage: Storage) -> Storage:
    """Have both in it."""
    for person in (OWNER, OTHER):
        async with storage.units.of(person.user_id) as work:
            await work.users.add(person)
    return storage


def memory_storage() -> Storage:
    """All of it in memory."""
    store = MemoryStore()
    units, directory = MemoryUnitsOfWork(store), MemoryDirectory(store)
    return Storage(units, directory, MemoryPeople(store), MemoryMailQueue(store))


def postgres_storage(engine: AsyncEngine) -> Storage:
    """All of it in PostgreSQL."""
    units, directory = PostgresUnitsOfWork(engine), PostgresDirectory(engine)
    return Storage(units, directory, PostgresPeople(engine), PostgresMailQueue(engine))
