"""The adapters that production runs, and the process that serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc
from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters, Handler
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from chassis.process import forever
from chassis.service import CallRules, database, service
from deadletters.servicer import DeadLetterServicer, with_dead_letters
from deadletters.servicer import register as register_dead_letters
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.identity.v1.admin_pb2_grpc import add_AdminServiceServicer_to_server
from tintype.identity.v1.identity_pb2_grpc import add_IdentityServiceServicer_to_server

from identity.adapters.inbound.events import SUBJECTS, IdentityEvents
from identity.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, IdentityServicer
from identity.adapters.inbound.grpc_admin import AdminServicer, DeadLetterAuthority
from identity.adapters.outbound.argon2 import Argon2Hasher
from identity.adapters.outbound.device_jwt import JwtDeviceTokens
from identity.adapters.outbound.fernet_box import FernetBox
from identity.adapters.outbound.jwt import JwtAccessTokens
from identity.adapters.outbound.postgres.directory import PostgresDirectory
from identity.adapters.outbound.postgres.housekeeping import forget_expired
from identity.adapters.outbound.postgres.invitations import PostgresInvitations
from identity.adapters.outbound.postgres.mail_queue import PostgresMailQueue
from identity.adapters.outbound.postgres.passkeys import PostgresPasskeyCeremonies
from identity.adapters.outbound.postgres.people import PostgresPeople
from identity.adapters.outbound.postgres.replay_records import record_replay
from identity.adapters.outbound.postgres.sign_in_flows import PostgresSignInFlows
from identity.adapters.outbound.postgres.tables import inbox, outbox
from identity.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from identity.adapters.outbound.random import RandomSecrets
from identity.adapters.outbound.signing_keys import load_signing_keys
from identity.adapters.outbound.smtp import LogMailer, MailComposer, SmtpMailer
from identity.adapters.outbound.throttle import ActionLimits, LimitsThrottle
from identity.adapters.outbound.totp import PyotpCodes
from identity.adapters.outbound.webauthn import WebAuthn, relying_party
from identity.application.change_user import ChangeUserHandler
from identity.application.erase_due import EraseDueHandler
from identity.application.find_user import FindUserHandler
from identity.application.keep_record import KeepRecordHandler
from identity.application.mail_news import MailNewsHandler
from identity.application.note_erased import NoteErasedHandler
from identity.application.record_act import ActRecorder
from identity.application.send_due_mail import BATCH_MAIL_MAX, SendDueMailHandler
from identity.bootstrap.parts import wire_admin, wire_change_user, wire_erase_user, wire_handlers
from identity.bootstrap.ports import Ports
from identity.bootstrap.sign_in import human_check, sign_in_providers
from identity.domain.mail import Purpose
from identity.domain.sign_up_policy import SignUpPolicy
from identity.domain.welcome import WelcomePolicy
from identity.ports.mailer import Mailer
from identity.ports.throttle import Action
from identity.ports.unit_of_work import UnitsOfWork
from identity.settings import IdentitySettings, MigrationSettings, NewsSettings

MAIL_POLL_S = 1.0
# Longer than writing a mail takes: who has an account is not to be told by the clock.
RESET_ANSWER_S = 0.25
HOUSEKEEPING_S = 300.0
ERASE_DUE_S = 60.0


@asynccontextmanager
async def role_changer(
    settings: MigrationSettings,
) -> AsyncIterator[tuple[FindUserHandler, ChangeUserHandler]]:
    """Open the database as its owner, who makes the first administrator: the service is not needed for it."""
    engine = create_engine(settings.migration_database_url.get_secret_value(), pool_size=2)
    try:
        change_user = wire_change_user(PostgresUnitsOfWork(engine), UuidIds(), SystemClock())
        yield FindUserHandler(PostgresDirectory(engine)), change_user
    finally:
        await engine.dispose()


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
            people=PostgresPeople(engine),
            hasher=hasher,
            throttle=throttle_of(settings),
            access_tokens=JwtAccessTokens(
                keys=keys,
                issuer=settings.issuer,
                audience=settings.audience,
                ttl=timedelta(seconds=settings.access_token_ttl_s),
            ),
            flows=PostgresSignInFlows(engine),
            invitations=PostgresInvitations(engine),
            human_check=human_check(settings),
            sign_up_policy=SignUpPolicy(mode=settings.sign_up, domains=settings.domains),
            providers=sign_in_providers(settings, SystemClock()),
            devices=JwtDeviceTokens(
                keys, settings.issuer, timedelta(seconds=settings.device_token_ttl_s), UuidIds()
            ),
            ids=UuidIds(),
            secrets=RandomSecrets(),
            codes=PyotpCodes(),
            box=FernetBox(settings.factor_keys),
            ceremonies=PostgresPasskeyCeremonies(engine),
            authenticators=WebAuthn(relying_party(str(settings.public_url))),
            clock=SystemClock(),
            refresh_ttl=timedelta(seconds=settings.refresh_token_ttl_s),
            mail_ttl={
                Purpose.VERIFY_EMAIL: timedelta(seconds=settings.verify_email_ttl_s),
                Purpose.RESET_PASSWORD: timedelta(seconds=settings.reset_password_ttl_s),
                Purpose.CHANGE_EMAIL: timedelta(seconds=settings.change_email_ttl_s),
                Purpose.KEEP_EMAIL: timedelta(seconds=settings.keep_email_ttl_s),
            },
            erasure_grace=timedelta(days=settings.erasure_grace_days),
            reset_answer_s=RESET_ANSWER_S,
            welcome=WelcomePolicy(
                after_confirmation=settings.welcome_after_confirmation,
                once_per_mailbox=settings.welcome_once_per_mailbox,
            ),
        )
    finally:
        hasher.close()


# Each is counted apart, so that wrong codes at one close no other.
_CODES = (Action.SECOND_FACTOR, Action.SECOND_FACTOR_ON, Action.SECOND_FACTOR_OFF, Action.STEP_UP_CODE)


def throttle_of(settings: IdentitySettings) -> LimitsThrottle:
    """Return what counts attempts."""
    mails = ActionLimits(
        settings.reset_limit_per_account, settings.reset_limit_per_client, settings.reset_limit_per_address
    )
    log_ins = ActionLimits(
        settings.login_limit_per_account, settings.login_limit_per_client, settings.login_limit_per_address
    )
    codes = ActionLimits(
        settings.login_limit_per_account,
        settings.login_limit_per_client,
        settings.second_factor_limit_per_address,
    )
    return LimitsThrottle(
        settings.rate_limit_uri,
        {
            Action.LOG_IN: log_ins,
            Action.CONFIRM: log_ins,
            Action.PASSKEY: log_ins,
            **dict.fromkeys(_CODES, codes),
            Action.RESET_PASSWORD: mails,
            Action.VERIFY_EMAIL: mails,
            Action.CHANGE_EMAIL: mails,
        },
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
    keep_record = KeepRecordHandler(units, ActRecorder(UuidIds()))
    return IdentityEvents(
        mail_news=news,
        keep_record=keep_record,
        note_erased=NoteErasedHandler(units),
        balance_mails=settings.balance_mails,
    )


def _register(
    servicers: tuple[IdentityServicer, AdminServicer, DeadLetterServicer], server: grpc.aio.Server
) -> None:
    add_IdentityServiceServicer_to_server(servicers[0], server)
    add_AdminServiceServicer_to_server(servicers[1], server)
    register_dead_letters(servicers[2], server)


@asynccontextmanager
async def replaying(settings: NewsSettings) -> AsyncIterator[tuple[DeadLetters, Handler]]:
    """Return what was given up, and what is done with it once more."""
    async with database(settings, pool_size=2) as engine:
        yield DeadLetters(engine, record_replay), _events(settings, PostgresUnitsOfWork(engine)).handle


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
        erase_due = EraseDueHandler(ports.directory, wire_erase_user(ports), ports.clock)
        heard = _events(settings, ports.units)
        admin = wire_admin(ports)
        dead_letters = DeadLetterServicer(
            DeadLetters(engine, record_replay), heard.handle, DeadLetterAuthority(admin.staff)
        )
        await running.run(
            running.grpc(
                _register,
                (IdentityServicer(wire_handlers(ports)), admin, dead_letters),
                with_dead_letters(CallRules(errors=ERRORS, allowed=ALLOWED, domain=DOMAIN)),
            ),
            running.relay(outbox),
            *(
                running.consumer(stream, subjects, heard.handle).run()
                for stream, subjects in SUBJECTS.items()
            ),
            running.prune_inbox(inbox),
            forever(send_due_mail, every_s=MAIL_POLL_S, name="send_due_mail"),
            forever(erase_due, every_s=ERASE_DUE_S, name="erase_due"),
            forever(lambda: forget_expired(engine), every_s=HOUSEKEEPING_S, name="forget_expired"),
        )
