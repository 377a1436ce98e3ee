"""Ports in memory, for tests of the use cases."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.clock import SystemClock
from chassis.ids import UuidIds
from cryptography.fernet import Fernet
from joserfc.jwk import OKPKey

from identity.adapters.outbound.device_jwt import JwtDeviceTokens
from identity.adapters.outbound.fakes import MemoryHasher
from identity.adapters.outbound.fernet_box import FernetBox
from identity.adapters.outbound.jwt import JwtAccessTokens
from identity.adapters.outbound.memory.directory import MemoryDirectory
from identity.adapters.outbound.memory.invitations import MemoryInvitations
from identity.adapters.outbound.memory.linked_identities import MemorySignInFlows
from identity.adapters.outbound.memory.passkeys import MemoryPasskeyCeremonies
from identity.adapters.outbound.memory.people import MemoryPeople
from identity.adapters.outbound.memory.store import MemoryStore
from identity.adapters.outbound.memory.unit_of_work import MemoryUnitsOfWork
from identity.adapters.outbound.random import RandomSecrets
from identity.adapters.outbound.throttle import ActionLimits, LimitsThrottle
from identity.adapters.outbound.totp import PyotpCodes
from identity.adapters.outbound.turnstile import NoHumanCheck
from identity.adapters.outbound.webauthn import WebAuthn, relying_party
from identity.bootstrap.ports import Ports
from identity.domain.mail import Purpose
from identity.domain.sign_up_policy import SignUpPolicy
from identity.domain.welcome import WelcomePolicy
from identity.ports.clock import Clock
from identity.ports.identity_provider import IdentityProvider
from identity.ports.password_hasher import PasswordHasher
from identity.ports.throttle import Action


def memory_ports(
    store: MemoryStore,
    *,
    clock: Clock | None = None,
    hasher: PasswordHasher | None = None,
    providers: Sequence[IdentityProvider] = (),
) -> Ports:
    """Adapters for tests: storage in memory, quick hashes, and the real thing where that is quick too."""
    key = OKPKey.generate_key("Ed25519")
    return Ports(
        units=MemoryUnitsOfWork(store),
        directory=MemoryDirectory(store),
        people=MemoryPeople(store),
        hasher=hasher or MemoryHasher(),
        throttle=LimitsThrottle(
            "memory://",
            dict.fromkeys(Action, ActionLimits("5/minute", "20/minute", "30/minute")),
            log_in_per_device="5/minute",
            sign_up_per_network="10/minute",
        ),
        flows=MemorySignInFlows(),
        invitations=MemoryInvitations(),
        sign_up_policy=SignUpPolicy(),
        human_check=NoHumanCheck(),
        providers={provider.provider_id: provider for provider in providers},
        devices=JwtDeviceTokens([key], "tintype-identity", timedelta(days=365), UuidIds()),
        access_tokens=JwtAccessTokens(
            keys=[key],
            issuer="tintype-identity",
            audience="tintype",
            ttl=timedelta(minutes=15),
        ),
        ids=UuidIds(),
        secrets=RandomSecrets(),
        codes=PyotpCodes(),
        box=FernetBox([Fernet.generate_key().decode()]),
        ceremonies=MemoryPasskeyCeremonies(),
        authenticators=WebAuthn(relying_party("https://tintype.example")),
        clock=clock or SystemClock(),
        refresh_ttl=timedelta(days=30),
        mail_ttl={
            Purpose.VERIFY_EMAIL: timedelta(days=7),
            Purpose.RESET_PASSWORD: timedelta(hours=1),
            Purpose.CHANGE_EMAIL: timedelta(days=1),
            Purpose.KEEP_EMAIL: timedelta(days=7),
        },
        erasure_grace=timedelta(days=14),
        welcome=WelcomePolicy(after_confirmation=True, once_per_mailbox=True),
    )
