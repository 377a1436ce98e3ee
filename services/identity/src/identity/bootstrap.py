"""The composition root: every part made and wired. Tests wire the same use cases on ports in memory."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters, Handler
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from chassis.process import forever
from chassis.service import CallRules, database, service
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.identity.v1.identity_pb2_grpc import add_IdentityServiceServicer_to_server

from identity.adapters.inbound.events import SUBJECTS, IdentityEvents
from identity.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, Handlers, IdentityServicer
from identity.adapters.outbound.argon2 import Argon2Hasher
from identity.adapters.outbound.device_jwt import JwtDeviceTokens
from identity.adapters.outbound.fakes import MemoryHasher
from identity.adapters.outbound.jwt import JwtAccessTokens
from identity.adapters.outbound.memory import MemoryDirectory, MemoryStore, MemoryUnitsOfWork
from identity.adapters.outbound.postgres.directory import PostgresDirectory
from identity.adapters.outbound.postgres.housekeeping import forget_expired
from identity.adapters.outbound.postgres.mail_queue import PostgresMailQueue
from identity.adapters.outbound.postgres.tables import inbox, outbox
from identity.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from identity.adapters.outbound.random import RandomSecrets
from identity.adapters.outbound.signing_keys import load_signing_keys
from identity.adapters.outbound.smtp import LogMailer, MailComposer, SmtpMailer
from identity.adapters.outbound.throttle import ActionLimits, LimitsThrottle
from identity.application.change_role import ChangeRoleHandler
from identity.application.check_sessions import CheckSessionsHandler
from identity.application.create_user import CreateUserHandler
from identity.application.disable_user import DisableUserHandler
from identity.application.end_session import SessionEnder
from identity.application.log_in import LogInHandler
from identity.application.log_out import LogOutHandler
from identity.application.mail_news import MailNewsHandler
from identity.application.open_session import SessionOpener
from identity.application.queue_mail import TokenMailer
from identity.application.read_user import ReadUserHandler
from identity.application.refresh_session import RefreshSessionHandler
from identity.application.register_user import UserRegistrar
from identity.application.request_password_reset import RequestPasswordResetHandler
from identity.application.request_verification import RequestVerificationHandler
from identity.application.reset_password import ResetPasswordHandler
from identity.application.send_due_mail import BATCH_MAIL_MAX, SendDueMailHandler
from identity.application.sign_up import SignUpHandler
from identity.application.update_profile import UpdateProfileHandler
from identity.application.verify_email import VerifyEmailHandler
from identity.application.welcome_user import Welcomer
from identity.domain.mail import Purpose
from identity.domain.welcome import WelcomePolicy
from identity.ports.access_tokens import AccessTokens
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.id_source import IdSource
from identity.ports.mailer import Mailer
from identity.ports.password_hasher import PasswordHasher
from identity.ports.secret_source import SecretSource
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork
from identity.settings import IdentitySettings, MigrationSettings, NewsSettings

MAIL_POLL_S = 1.0
# Longer than writing a mail takes: who has an account is not to be told by the clock.
RESET_ANSWER_S = 0.25
HOUSEKEEPING_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Ports:
    """An adapter for each port, and how long tokens live."""

    units: UnitsOfWork
    directory: Directory
    hasher: PasswordHasher
    throttle: Throttle
    access_tokens: AccessTokens
    devices: DeviceTokens
    ids: IdSource
    secrets: SecretSource
    clock: Clock
    refresh_ttl: timedelta
    mail_ttl: Mapping[Purpose, timedelta]
    welcome: WelcomePolicy
    reset_answer_s: float = 0


def wire_handlers(ports: Ports) -> Handlers:
    """Wire the use cases behind the gRPC service."""
    units, directory, clock = ports.units, ports.directory, ports.clock
    sessions = SessionOpener(ports.ids, ports.secrets, ports.access_tokens, ports.refresh_ttl)
    ender = SessionEnder(ports.ids)
    mails = TokenMailer(ports.ids, ports.secrets, ports.mail_ttl)
    registrar = UserRegistrar(ports.ids, Welcomer(ports.welcome))
    return Handlers(
        sign_up=SignUpHandler(
            units, ports.throttle, ports.devices, ports.hasher, sessions, mails, registrar, ports.ids, clock
        ),
        log_in=LogInHandler(units, directory, ports.hasher, ports.throttle, ports.devices, sessions, clock),
        refresh_session=RefreshSessionHandler(units, directory, sessions, ender, clock),
        log_out=LogOutHandler(units, directory, ender, clock),
        check_sessions=CheckSessionsHandler(directory),
        read_user=ReadUserHandler(units),
        update_profile=UpdateProfileHandler(units),
        request_password_reset=RequestPasswordResetHandler(
            units, directory, ports.throttle, mails, clock, ports.reset_answer_s
        ),
        reset_password=ResetPasswordHandler(units, directory, ports.hasher, ender, ports.devices, clock),
        request_verification=RequestVerificationHandler(units, ports.throttle, mails, clock),
        verify_email=VerifyEmailHandler(units, directory, Welcomer(ports.welcome), ports.ids, clock),
        jwks_json=ports.access_tokens.jwks(),
    )


def wire_create_user(ports: Ports) -> CreateUserHandler:
    """Wire the use case behind the command line."""
    registrar = UserRegistrar(ports.ids, Welcomer(ports.welcome))
    return CreateUserHandler(ports.units, ports.directory, ports.hasher, registrar, ports.ids, ports.clock)


def wire_disable_user(ports: Ports) -> DisableUserHandler:
    """Wire the use case behind the command line."""
    return DisableUserHandler(ports.units, ports.directory, SessionEnder(ports.ids), ports.clock)


def wire_change_role(ports: Ports) -> ChangeRoleHandler:
    """Wire the use case behind the command line."""
    return ChangeRoleHandler(ports.units, ports.directory, SessionEnder(ports.ids), ports.clock)


@asynccontextmanager
async def role_changer(settings: MigrationSettings) -> AsyncIterator[ChangeRoleHandler]:
    """Open the database as its owner: the service's own login can change nobody's role."""
    engine = create_engine(settings.migration_database_url.get_secret_value(), pool_size=2)
    try:
        units, directory = PostgresUnitsOfWork(engine), PostgresDirectory(engine)
        yield ChangeRoleHandler(units, directory, SessionEnder(UuidIds()), SystemClock())
    finally:
        await engine.dispose()


def memory_ports(
    store: MemoryStore, *, clock: Clock | None = None, hasher: PasswordHasher | None = None
) -> Ports:
    """Adapters for tests: storage in memory, quick hashes, and the real thing where that is quick too."""
    key = OKPKey.generate_key("Ed25519")
    return Ports(
        units=MemoryUnitsOfWork(store),
        directory=MemoryDirectory(store),
        hasher=hasher or MemoryHasher(),
        throttle=LimitsThrottle(
            "memory://",
            dict.fromkeys(Action, ActionLimits("5/minute", "20/minute", "30/minute")),
            log_in_per_device="5/minute",
            sign_up_per_network="10/minute",
        ),
        devices=JwtDeviceTokens([key], "tintype-identity", timedelta(days=365), UuidIds()),
        access_tokens=JwtAccessTokens(
            keys=[key],
            issuer="tintype-identity",
            audience="tintype",
            ttl=timedelta(minutes=15),
        ),
        ids=UuidIds(),
        secrets=RandomSecrets(),
        clock=clock or SystemClock(),
        refresh_ttl=timedelta(days=30),
        mail_ttl={Purpose.VERIFY_EMAIL: timedelta(days=7), Purpose.RESET_PASSWORD: timedelta(hours=1)},
        welcome=WelcomePolicy(after_confirmation=True, once_per_mailbox=True),
    )


def check(settings: IdentitySettings) -> None:
    """Raise BadSigningKey before anything is opened."""
    load_signing_keys(settings.signing_keys.get_secret_value())


@asynccontextmanager
async def real_ports(settings: IdentitySettings, engine: AsyncEngine) -> AsyncIterator[Ports]:
    """Open the adapters that production runs; raises BadSigningKey."""
    keys = load_signing_keys(settings.signing_keys.get_secret_value())
    hasher = Argon2Hasher(
        time_cost=settings.argon2_time_cost,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        threads=settings.argon2_threads,
        waiting_max=settings.argon2_waiting_max,
    )
    try:
        yield Ports(
            units=PostgresUnitsOfWork(engine),
            directory=PostgresDirectory(engine),
            hasher=hasher,
            throttle=_throttle(settings),
            access_tokens=JwtAccessTokens(
                keys=keys,
                issuer=settings.issuer,
                audience=settings.audience,
                ttl=timedelta(seconds=settings.access_token_ttl_s),
            ),
            devices=JwtDeviceTokens(
                keys, settings.issuer, timedelta(seconds=settings.device_token_ttl_s), UuidIds()
            ),
            ids=UuidIds(),
            secrets=RandomSecrets(),
            clock=SystemClock(),
            refresh_ttl=timedelta(seconds=settings.refresh_token_ttl_s),
            mail_ttl={
                Purpose.VERIFY_EMAIL: timedelta(seconds=settings.verify_email_ttl_s),
                Purpose.RESET_PASSWORD: timedelta(seconds=settings.reset_password_ttl_s),
            },
            reset_answer_s=RESET_ANSWER_S,
            welcome=WelcomePolicy(
                after_confirmation=settings.welcome_after_confirmation,
                once_per_mailbox=settings.welcome_once_per_mailbox,
            ),
        )
    finally:
        hasher.close()


def _throttle(settings: IdentitySettings) -> LimitsThrottle:
    mails = ActionLimits(
        settings.reset_limit_per_account, settings.reset_limit_per_client, settings.reset_limit_per_address
    )
    log_ins = ActionLimits(
        settings.login_limit_per_account, settings.login_limit_per_client, settings.login_limit_per_address
    )
    return LimitsThrottle(
        settings.rate_limit_uri,
        {Action.LOG_IN: log_ins, Action.RESET_PASSWORD: mails, Action.VERIFY_EMAIL: mails},
        log_in_per_device=settings.login_limit_per_device,
        sign_up_per_network=settings.signup_limit_per_network,
    )


def mailer(settings: IdentitySettings) -> Mailer:
    """SMTP where a host is set, otherwise a line in the log."""
    if not settings.smtp_host:
        return LogMailer()
    password = settings.smtp_password
    return SmtpMailer(
        composer=MailComposer(public_url=str(settings.public_url), sender=settings.smtp_sender),
        host=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
        starttls=settings.smtp_starttls,
        timeout_s=settings.smtp_timeout_s,
    )


def _events(settings: NewsSettings, units: UnitsOfWork) -> IdentityEvents:
    news = MailNewsHandler(units, UuidIds(), SystemClock())
    return IdentityEvents(mail_news=news, balance_mails=settings.balance_mails)


@asynccontextmanager
async def replaying(settings: NewsSettings) -> AsyncIterator[tuple[DeadLetters, Handler]]:
    """Return what was given up, and what is done with it once more."""
    async with database(settings, pool_size=2) as engine:
        yield DeadLetters(engine), _events(settings, PostgresUnitsOfWork(engine)).handle


async def serve(settings: IdentitySettings) -> None:
    """Answer gRPC, publish facts and send mail until cancelled."""
    async with service(settings, "identity") as running:
        engine = running.engine
        ports = await running.opened(real_ports(settings, engine))
        send_due_mail = SendDueMailHandler(
            PostgresMailQueue(engine),
            mailer(settings),
            ports.clock,
            lease=timedelta(seconds=2 * BATCH_MAIL_MAX * settings.smtp_timeout_s),
        )
        heard = _events(settings, ports.units)
        await running.run(
            running.grpc(
                add_IdentityServiceServicer_to_server,
                IdentityServicer(wire_handlers(ports)),
                CallRules(errors=ERRORS, allowed=ALLOWED, domain=DOMAIN),
            ),
            running.relay(outbox),
            *(
                running.consumer(stream, subjects, heard.handle).run()
                for stream, subjects in SUBJECTS.items()
            ),
            running.prune_inbox(inbox),
            forever(send_due_mail, every_s=MAIL_POLL_S, name="send_due_mail"),
            forever(lambda: forget_expired(engine), every_s=HOUSEKEEPING_S, name="forget_expired"),
        )
