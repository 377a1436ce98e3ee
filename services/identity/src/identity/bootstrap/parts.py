"""The use cases, wired on whatever ports they are given."""

from datetime import timedelta

from identity.adapters.inbound.grpc import Handlers
from identity.adapters.inbound.grpc_addresses import AddressHandlers
from identity.adapters.inbound.grpc_admin import AdminServicer
from identity.adapters.inbound.grpc_api_keys import ApiKeyHandlers
from identity.adapters.inbound.grpc_avatars import AvatarHandlers
from identity.adapters.inbound.grpc_erasure import ErasureHandlers
from identity.adapters.inbound.grpc_second_factors import SecondFactorHandlers
from identity.adapters.inbound.grpc_sessions import SessionHandlers
from identity.adapters.inbound.grpc_sign_in import SignInHandlers
from identity.application.admit_sign_up import SignUpGate
from identity.application.await_link import LinkKeeper
from identity.application.begin_second_factor import BeginSecondFactorHandler
from identity.application.begin_sign_in import BeginSignInHandler
from identity.application.change_email import ChangeEmailHandler
from identity.application.change_user import ChangeUserHandler
from identity.application.check_api_keys import CheckApiKeysHandler
from identity.application.check_passkey import CeremonyKeeper, PasskeyChecker
from identity.application.check_second_factor import SecondFactorChecker
from identity.application.check_sessions import CheckSessionsHandler
from identity.application.complete_log_in import CompleteLogInHandler
from identity.application.complete_sign_in import CompleteSignInHandler
from identity.application.confirm_second_factor import ConfirmSecondFactorHandler
from identity.application.create_api_key import CreateApiKeyHandler
from identity.application.create_user import CreateUserHandler
from identity.application.end_other_sessions import EndOtherSessionsHandler
from identity.application.end_own_session import EndOwnSessionHandler
from identity.application.end_session import SessionEnder
from identity.application.erase_user import EraseUserHandler
from identity.application.invite_user import InviteUserHandler
from identity.application.keep_email import KeepEmailHandler
from identity.application.link_identity import LinkIdentityHandler
from identity.application.list_api_keys import ListApiKeysHandler
from identity.application.list_own_records import ListOwnRecordsHandler
from identity.application.list_sessions import ListSessionsHandler
from identity.application.log_in import LogInHandler
from identity.application.log_out import LogOutHandler
from identity.application.mail_news import MailNewsHandler
from identity.application.open_session import SessionOpener
from identity.application.prove_password import PasswordProver
from identity.application.queue_mail import TokenMailer
from identity.application.read_avatar import ReadAvatarHandler
from identity.application.read_people import ReadPeople
from identity.application.read_second_factor import ReadSecondFactorHandler
from identity.application.read_sign_in_methods import ReadSignInMethodsHandler
from identity.application.read_user import ReadUserHandler
from identity.application.record_act import ActRecorder
from identity.application.refresh_session import RefreshSessionHandler
from identity.application.register_user import UserRegistrar
from identity.application.remove_avatar import RemoveAvatarHandler
from identity.application.remove_second_factor import RemoveSecondFactorHandler
from identity.application.request_email_change import RequestEmailChangeHandler
from identity.application.request_erasure import RequestErasureHandler
from identity.application.request_password_reset import RequestPasswordResetHandler
from identity.application.request_verification import RequestVerificationHandler
from identity.application.require_proof import RequireProofHandler
from identity.application.reset_password import ResetPasswordHandler
from identity.application.revoke_api_key import RevokeApiKeyHandler
from identity.application.set_avatar import SetAvatarHandler
from identity.application.sign_up import SignUpHandler
from identity.application.staff_check import StaffCheck
from identity.application.step_up import StepUpHandler
from identity.application.take_back_erasure import TakeBackErasureHandler
from identity.application.tell_of_sign_in import SignInTeller
from identity.application.unlink_identity import UnlinkIdentityHandler
from identity.application.update_profile import UpdateProfileHandler
from identity.application.verify_address import AddressVerifier
from identity.application.verify_email import VerifyEmailHandler
from identity.application.welcome_user import Welcomer
from identity.bootstrap.passkeys import wire_passkeys
from identity.bootstrap.ports import Ports
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.mailer import Mailer
from identity.ports.unit_of_work import UnitsOfWork


def wire_handlers(ports: Ports) -> Handlers:
    """Wire the use cases behind the gRPC service."""
    units, directory, clock = ports.units, ports.directory, ports.clock
    sessions = SessionOpener(ports.ids, ports.secrets, ports.access_tokens, ports.refresh_ttl)
    ender = SessionEnder(ports.ids)
    mails = TokenMailer(ports.ids, ports.secrets, ports.mail_ttl)
    registrar = UserRegistrar(ports.ids, Welcomer(ports.welcome))
    gate = SignUpGate(ports.invitations, ports.sign_up_policy)
    checker = SecondFactorChecker(ports.secrets, ports.codes, ports.box)
    prover = PasswordProver(ports.hasher, ports.throttle)
    teller = SignInTeller(ports.ids)
    verifier = AddressVerifier(Welcomer(ports.welcome), ports.ids)
    keeper = CeremonyKeeper(ports.ceremonies, ports.authenticators, ports.secrets, clock)
    passkeys = PasskeyChecker(ports.authenticators, ports.ids)
    titles = {provider.issuer: provider.title for provider in ports.providers.values()}
    return Handlers(
        sign_up=SignUpHandler(
            units,
            gate,
            ports.human_check,
            ports.throttle,
            ports.devices,
            ports.hasher,
            sessions,
            mails,
            registrar,
            ports.ids,
            clock,
        ),
        log_in=LogInHandler(
            units,
            directory,
            ports.hasher,
            ports.throttle,
            ports.devices,
            sessions,
            teller,
            checker,
            clock,
        ),
        refresh_session=RefreshSessionHandler(units, directory, sessions, ender, clock),
        log_out=LogOutHandler(units, directory, ender, clock),
        read_user=ReadUserHandler(units),
        update_profile=UpdateProfileHandler(units),
        avatars=AvatarHandlers(
            set=SetAvatarHandler(units, clock),
            read=ReadAvatarHandler(units),
            remove=RemoveAvatarHandler(units),
        ),
        request_password_reset=RequestPasswordResetHandler(
            units, directory, ports.throttle, mails, clock, ports.reset_answer_s
        ),
        reset_password=ResetPasswordHandler(
            units,
            directory,
            ports.hasher,
            ender,
            ports.devices,
            ports.ids,
            clock,
            titles,
        ),
        request_verification=RequestVerificationHandler(units, ports.throttle, mails, clock),
        verify_email=VerifyEmailHandler(units, directory, verifier, clock),
        addresses=AddressHandlers(
            request=RequestEmailChangeHandler(units, directory, prover, mails, clock),
            change=ChangeEmailHandler(units, directory, verifier, clock),
            keep=KeepEmailHandler(units, directory, ender, clock),
        ),
        factors=SecondFactorHandlers(
            complete=CompleteLogInHandler(
                units,
                directory,
                ports.throttle,
                ports.devices,
                checker,
                keeper,
                passkeys,
                sessions,
                teller,
                clock,
            ),
            begin=BeginSecondFactorHandler(units, prover, ports.codes, ports.box, clock),
            confirm=ConfirmSecondFactorHandler(
                units, ports.throttle, checker, ports.secrets, ports.ids, clock
            ),
            remove=RemoveSecondFactorHandler(units, prover, checker, ports.ids, clock),
            read=ReadSecondFactorHandler(units),
        ),
        passkeys=wire_passkeys(ports, keeper, passkeys, sessions, teller),
        sessions=SessionHandlers(
            check=CheckSessionsHandler(directory, clock),
            list=ListSessionsHandler(units, clock),
            end=EndOwnSessionHandler(units, ender, clock),
            end_others=EndOtherSessionsHandler(units, ender, clock),
            step_up=StepUpHandler(units, prover, checker, keeper, passkeys, clock),
            require_proof=RequireProofHandler(units, clock),
            own_records=ListOwnRecordsHandler(ports.people),
        ),
        api_keys=ApiKeyHandlers(
            create=CreateApiKeyHandler(units, ports.ids, ports.secrets, clock),
            list=ListApiKeysHandler(units),
            revoke=RevokeApiKeyHandler(units, ports.ids, clock),
            check=CheckApiKeysHandler(directory, clock),
            clock=clock,
        ),
        erasure=ErasureHandlers(
            request=RequestErasureHandler(
                units, ActRecorder(ports.ids), ports.ids, clock, ports.erasure_grace
            ),
            take_back=TakeBackErasureHandler(units, ports.ids, clock),
        ),
        sign_in=SignInHandlers(
            begin=BeginSignInHandler(ports.flows, ports.providers, ports.secrets, clock),
            complete=CompleteSignInHandler(
                units,
                directory,
                ports.flows,
                gate,
                ports.providers,
                ports.throttle,
                ports.devices,
                sessions,
                teller,
                checker,
                registrar,
                LinkKeeper(ports.secrets),
                ports.ids,
                clock,
            ),
            read=ReadSignInMethodsHandler(units, clock),
            link=LinkIdentityHandler(units, ports.ids, clock, titles),
            unlink=UnlinkIdentityHandler(units, ports.ids, clock, titles),
            providers=tuple(ports.providers.values()),
            policy=ports.sign_up_policy,
            widget=ports.human_check.widget,
            authenticators=ports.authenticators,
        ),
        mail_news=MailNewsHandler(units, ports.ids, clock),
        jwks_json=ports.access_tokens.jwks(),
    )


def wire_invite_user(ports: Ports, mailer: Mailer, ttl: timedelta) -> InviteUserHandler:
    """Wire the use case behind the command line."""
    return InviteUserHandler(
        ports.directory, ports.invitations, mailer, ports.ids, ports.secrets, ports.clock, ttl
    )


def wire_create_user(ports: Ports) -> CreateUserHandler:
    """Wire the use case behind the command line."""
    registrar = UserRegistrar(ports.ids, Welcomer(ports.welcome))
    return CreateUserHandler(
        ports.units,
        ports.directory,
        ports.hasher,
        registrar,
        ActRecorder(ports.ids),
        ports.ids,
        ports.clock,
    )


def wire_change_user(units: UnitsOfWork, ids: IdSource, clock: Clock) -> ChangeUserHandler:
    """Wire the use case behind the command line, and behind administrators."""
    return ChangeUserHandler(units, SessionEnder(ids), ActRecorder(ids), clock)


def wire_erase_user(ports: Ports) -> EraseUserHandler:
    """Wire the use case behind the command line and the sweeper."""
    return EraseUserHandler(ports.units, ActRecorder(ports.ids), ports.ids, ports.clock)


def wire_admin(ports: Ports) -> AdminServicer:
    """Wire what people with a role see and do."""
    staff = StaffCheck(ports.people)
    return AdminServicer(
        read=ReadPeople(ports.people, staff, ports.units, ActRecorder(ports.ids), ports.clock),
        staff=staff,
        change_user=wire_change_user(ports.units, ports.ids, ports.clock),
    )
