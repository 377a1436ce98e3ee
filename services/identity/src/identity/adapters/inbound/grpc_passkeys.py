"""The part of IdentityService that is about passkeys."""

from dataclasses import dataclass

from identity.application.add_passkey import AddPasskeyHandler
from identity.application.begin_passkey import BeginPasskeyHandler
from identity.application.begin_passkey_sign_in import BeginPasskeySignInHandler
from identity.application.list_passkeys import ListPasskeysHandler
from identity.application.remove_passkey import RemovePasskeyHandler
from identity.application.rename_passkey import RenamePasskeyHandler
from identity.application.sign_in_with_passkey import SignInWithPasskeyHandler
from identity.ports.passkeys import Authenticators


@dataclass(frozen=True)
class PasskeyHandlers:
    """The use cases of passkeys."""

    begin_sign_in: BeginPasskeySignInHandler
    sign_in: SignInWithPasskeyHandler
    begin: BeginPasskeyHandler
    add: AddPasskeyHandler
    list: ListPasskeysHandler
    rename: RenamePasskeyHandler
    remove: RemovePasskeyHandler
    authenticators: Authenticators
