"""An adapter for each port."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from identity.domain.identifiers import ProviderId
from identity.domain.mail import Purpose
from identity.domain.sign_up_policy import SignUpPolicy
from identity.domain.welcome import WelcomePolicy
from identity.ports.access_tokens import AccessTokens
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.human_check import HumanCheck
from identity.ports.id_source import IdSource
from identity.ports.identity_provider import IdentityProvider
from identity.ports.invitations import Invitations
from identity.ports.passkeys import Authenticators, PasskeyCeremonies
from identity.ports.password_hasher import PasswordHasher
from identity.ports.people import People
from identity.ports.second_factors import OneTimeCodes, SecretBox
from identity.ports.secret_source import SecretSource
from identity.ports.sign_in_flows import SignInFlows
from identity.ports.throttle import Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class Ports:
    """An adapter for each port, and how long tokens live."""

    units: UnitsOfWork
    directory: Directory
    people: People
    hasher: PasswordHasher
    throttle: Throttle
    access_tokens: AccessTokens
    devices: DeviceTokens
    flows: SignInFlows
    invitations: Invitations
    sign_up_policy: SignUpPolicy
    human_check: HumanCheck
    providers: Mapping[ProviderId, IdentityProvider]
    ids: IdSource
    secrets: SecretSource
    codes: OneTimeCodes
    box: SecretBox
    ceremonies: PasskeyCeremonies
    authenticators: Authenticators
    clock: Clock
    refresh_ttl: timedelta
    mail_ttl: Mapping[Purpose, timedelta]
    welcome: WelcomePolicy
    erasure_grace: timedelta
    reset_answer_s: float = 0
