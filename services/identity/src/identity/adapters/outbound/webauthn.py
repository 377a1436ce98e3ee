"""Passkeys by py_webauthn; implements Authenticators."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    options_to_json,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorData,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from identity.domain.errors import IdentityError
from identity.domain.passkey import CEREMONY_LIFE, Answer, NewCredential, Passkey, Use
from identity.domain.passkey_errors import (
    PasskeyMalformed,
    PasskeyRefused,
    PasskeysUnavailable,
    PasskeyUserNotVerified,
    PasskeyWrongOrigin,
    PasskeyWrongSite,
)
from identity.domain.user import User

CREDENTIAL_ID_BYTES_MAX = 1_023
"""Of the standard."""
KEY_BYTES_MAX = 8_192
_TITLE = "Tintype"
_TIMEOUT_MS = int(CEREMONY_LIFE.total_seconds() * 1000)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)
# We ask for no attestation; an authenticator may vouch for itself all the same.
_FORMATS = frozenset({AttestationFormat.NONE, AttestationFormat.PACKED})
_LOCAL = "localhost"


@dataclass(frozen=True)
class RelyingParty:
    """Who we are to authenticators: a domain, and the one origin that pages of ours have."""

    rp_id: str
    origin: str


def relying_party(public_url: str) -> RelyingParty | None:
    """Return who we are at this address; None where browsers make no passkeys for it.

    They do for names, by https, and for localhost (Web Authentication level 3, section 5.1.3).
    """
    parts = urlsplit(public_url)
    host = (parts.hostname or "").lower()
    is_local = host == _LOCAL or host.endswith(f".{_LOCAL}")
    if not host or _is_address(host) or not (parts.scheme == "https" or is_local):
        return None
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return RelyingParty(rp_id=host, origin=f"{parts.scheme}://{host}{port}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class WebAuthn:
    """Asks for credentials that say whose they are, and for no attestation; verifies what comes back."""

    party: RelyingParty | None

    @property
    def is_ready(self) -> bool:
        """See Authenticators."""
        return self.party is not None

    def creation_options(self, challenge: str, user: User, known: Sequence[Passkey]) -> str:
        """See Authenticators."""
        return options_to_json(
            webauthn.generate_registration_options(
                rp_id=self._party.rp_id,
                rp_name=_TITLE,
                user_id=user.user_id.encode(),
                user_name=user.email,
                user_display_name=user.full_name or user.email,
                challenge=base64url_to_bytes(challenge),
                timeout=_TIMEOUT_MS,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_descriptors(known),
            )
        )

    def request_options(self, challenge: str, allowed: Sequence[Passkey], *, verified: bool) -> str:
        """See Authenticators."""
        needed = UserVerificationRequirement
        return options_to_json(
            webauthn.generate_authentication_options(
                rp_id=self._party.rp_id,
                challenge=base64url_to_bytes(challenge),
                timeout=_TIMEOUT_MS,
                allow_credentials=_descriptors(allowed),
                user_verification=needed.REQUIRED if verified else needed.PREFERRED,
            )
        )

    def read(self, text: str) -> Answer:
        """See Authenticators."""
        with _malformed():
            told = json.loads(text)
            response = told["response"]
            handle = response.get("userHandle")
            client_data = parse_client_data_json(_bytes(response["clientDataJSON"]))
            return Answer(
                challenge=bytes_to_base64url(client_data.challenge),
                credential_id=_bytes(told["rawId"]),
                user_handle=_bytes(handle).decode() if handle else None,
                text=text,
            )

    def created(self, answer: Answer) -> NewCredential:
        """See Authenticators."""
        with _malformed():
            credential = parse_registration_credential_json(_strict(answer.text, "attestationObject"))
            client_data = parse_client_data_json(credential.response.client_data_json)
            attestation = parse_attestation_object(credential.response.attestation_object)
        self._require_ours(client_data, attestation.auth_data, verified=True)
        if attestation.fmt not in _FORMATS:
            raise PasskeyRefused
        with _refused():
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(answer.challenge),
                expected_rp_id=self._party.rp_id,
                expected_origin=self._party.origin,
                require_user_verification=True,
            )
        if made.credential_id != answer.credential_id:
            raise PasskeyRefused
        if len(made.credential_id) > CREDENTIAL_ID_BYTES_MAX:
            raise PasskeyRefused
        if len(made.credential_public_key) > KEY_BYTES_MAX:
            raise PasskeyRefused
        return NewCredential(
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=tuple(dict.fromkeys(way.value for way in credential.response.transports or ())),
            backed_up=made.credential_backed_up,
        )

    def used(self, answer: Answer, public_key: bytes, *, verified: bool) -> Use:
        """See Authenticators."""
        with _malformed():
            credential = parse_authentication_credential_json(
                _strict(answer.text, "authenticatorData", "signature")
            )
            client_data = parse_client_data_json(credential.response.client_data_json)
            about = parse_authenticator_data(credential.response.authenticator_data)
        self._require_ours(client_data, about, verified=verified)
        with _refused():
            used = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(answer.challenge),
                expected_rp_id=self._party.rp_id,
                expected_origin=self._party.origin,
                credential_public_key=public_key,
                # The domain compares counts: a copy is told apart from an answer that does not hold.
                credential_current_sign_count=0,
                require_user_verification=verified,
            )
        return Use(sign_count=used.new_sign_count, backed_up=used.credential_backed_up)

    def _require_ours(
        self, client_data: CollectedClientData, about: AuthenticatorData, *, verified: bool
    ) -> None:
        """Name what is wrong by its own error; the library looks at all of it again, in one."""
        if client_data.origin != self._party.origin or client_data.cross_origin:
            raise PasskeyWrongOrigin
        if about.rp_id_hash != _hash(self._party.rp_id):
            raise PasskeyWrongSite
        if verified and not about.flags.uv:
            raise PasskeyUserNotVerified

    @property
    def _party(self) -> RelyingParty:
        if self.party is None:
            raise PasskeysUnavailable
        return self.party


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=passkey.credential_id,
            transports=[AuthenticatorTransport(name) for name in passkey.transports if name in _TRANSPORTS],
        )
        for passkey in passkeys
    ]


def _strict(text: str, *names: str) -> dict[str, Any]:
    """Return an answer whose binary fields are base64url; the library's decoder skips what is not."""
    told: dict[str, Any] = json.loads(text)
    for name in ("id", "rawId"):
        _bytes(told[name])
    for name in names:
        _bytes(told["response"][name])
    return told


def _bytes(text: str) -> bytes:
    if not _BASE64URL.fullmatch(text):
        raise PasskeyMalformed
    return base64url_to_bytes(text)


def _hash(rp_id: str) -> bytes:
    return hashlib.sha256(rp_id.encode()).digest()


@contextmanager
def _malformed() -> Iterator[None]:
    """Make one refusal of whatever parsers of three formats raise on whatever anybody sends."""
    try:
        yield
    except IdentityError:
        raise
    except Exception as error:
        raise PasskeyMalformed from error


@contextmanager
def _refused() -> Iterator[None]:
    """Let keys and signatures, whose insides an authenticator chooses, fail in one way."""
    try:
        yield
    except Exception as error:
        raise PasskeyRefused from error
