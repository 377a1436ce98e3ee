"""The use cases of passkeys, wired."""

from identity.adapters.inbound.grpc_passkeys import PasskeyHandlers
from identity.application.add_passkey import AddPasskeyHandler
from identity.application.begin_passkey import BeginPasskeyHandler
from identity.application.begin_passkey_second_factor import BeginPasskeySecondFactorHandler
from identity.application.begin_passkey_sign_in import BeginPasskeySignInHandler
from identity.application.begin_passkey_step_up import BeginPasskeyStepUpHandler
from identity.application.check_passkey import CeremonyKeeper, PasskeyChecker
from identity.application.list_passkeys import ListPasskeysHandler
from identity.application.open_session import SessionOpener
from identity.application.remove_passkey import RemovePasskeyHandler
from identity.application.rename_passkey import RenamePasskeyHandler
from identity.application.sign_in_with_passkey import SignInWithPasskeyHandler
from identity.application.tell_of_sign_in import SignInTeller
from identity.bootstrap.ports import Ports


def wire_passkeys(
    ports: Ports,
    keeper: CeremonyKeeper,
    checker: PasskeyChecker,
    sessions: SessionOpener,
    teller: SignInTeller,
) -> PasskeyHandlers:
    """Wire them with what other ways to sign in share."""
    return PasskeyHandlers(
        begin_sign_in=BeginPasskeySignInHandler(keeper),
        begin_second_factor=BeginPasskeySecondFactorHandler(
            ports.units, ports.directory, keeper, ports.clock
        ),
        begin_step_up=BeginPasskeyStepUpHandler(ports.units, keeper),
        sign_in=SignInWithPasskeyHandler(
            ports.units,
            ports.directory,
            ports.throttle,
            ports.devices,
            keeper,
            checker,
            sessions,
            teller,
            ports.clock,
        ),
        begin=BeginPasskeyHandler(ports.units, keeper),
        add=AddPasskeyHandler(ports.units, keeper, ports.ids, ports.clock),
        list=ListPasskeysHandler(ports.units),
        rename=RenamePasskeyHandler(ports.units),
        remove=RemovePasskeyHandler(ports.units, ports.ids, ports.clock),
        authenticators=ports.authenticators,
    )
