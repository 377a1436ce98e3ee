"""Access tokens against the published keys, as the gateway verifies them."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from identity.adapters.outbound.jwt import ALGORITHM, JwtAccessTokens
from identity.adapters.outbound.signing_keys import BadSigningKey, load_signing_keys
from identity.domain.identifiers import SessionId, UserId
from identity.domain.user import EmailAddress, Role, User
from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet, OctKey, OKPKey

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA = User(
    user_id=UserId("usr_ada"),
    email=EmailAddress("ada@example.com"),
    password_hash=None,
    full_name="Ada",
    role=Role.ADMIN,
    created_at=NOW,
)
SID = SessionId("ses_1")

# The contract says EdDSA, which RFC 9864 renames.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


def signer(*keys: OKPKey) -> JwtAccessTokens:
    """A signer with the keys, the first of which signs."""
    return JwtAccessTokens(
        keys=keys, issuer="tintype-identity", audience="tintype", ttl=timedelta(minutes=15)
    )


def verify(token: str, jwks: str) -> jwt.Token:
    """What a verifier does, now, that knows the published keys and nothing else."""
    decoded = jwt.decode(token, KeySet.import_key_set(json.loads(jwks)), algorithms=[ALGORITHM])
    jwt.JWTClaimsRegistry(
        now=int(NOW.timestamp()),
        iss={"essential": True, "value": "tintype-identity"},
        aud={"essential": True, "value": "tintype"},
        exp={"essential": True},
    ).validate(decoded.claims)
    return decoded


@pytest.fixture
def key() -> OKPKey:
    """A signing key."""
    return OKPKey.generate_key("Ed25519")


def test_a_token_says_who_and_until_when(key: OKPKey) -> None:
    """Every claim of the contract is there, and the header names type and key."""
    issued = signer(key).issue(ADA, SID, NOW)
    token = verify(issued.token, signer(key).jwks())
    at = int(NOW.timestamp())
    assert token.claims == {
        "iss": "tintype-identity",
        "aud": "tintype",
        "sub": "usr_ada",
        "email": "ada@example.com",
        "role": "admin",
        "sid": "ses_1",
        "iat": at,
        "exp": at + 900,
    }
    assert token.header == {"alg": "EdDSA", "typ": "at+jwt", "kid": key.thumbprint()}
    assert issued.expires_in_s == 900


def test_an_expired_token_is_refused(key: OKPKey) -> None:
    """Fifteen minutes later the token is over."""
    issued = signer(key).issue(ADA, SID, NOW - timedelta(minutes=15, seconds=1))
    with pytest.raises(ExpiredTokenError):
        verify(issued.token, signer(key).jwks())


def test_a_changed_token_is_refused(key: OKPKey) -> None:
    """Other claims under the same signature are a forgery."""
    header, _, signature = signer(key).issue(ADA, SID, NOW).token.split(".")
    eve = User(**{**vars(ADA), "user_id": UserId("usr_eve")})
    _, claims, _ = signer(key).issue(eve, SID, NOW).token.split(".")
    with pytest.raises(BadSignatureError):
        verify(f"{header}.{claims}.{signature}", signer(key).jwks())


def test_strangers_and_weaker_algorithms_are_refused(key: OKPKey) -> None:
    """Neither another key, nor none, nor the public key as a shared secret makes a token."""
    jwks = signer(key).jwks()
    stranger = signer(OKPKey.generate_key("Ed25519")).issue(ADA, SID, NOW).token
    as_secret = jwt.encode({"alg": "HS256"}, {"sub": "usr_ada"}, OctKey.import_key(str(key.as_dict()["x"])))
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfYWRhIn0."
    for forged in (stranger, as_secret, unsigned):
        with pytest.raises((JoseError, ValueError)):
            verify(forged, jwks)


def test_rotation_keeps_old_tokens_good(key: OKPKey) -> None:
    """While both keys are published, tokens of either verify."""
    new = OKPKey.generate_key("Ed25519")
    old_token = signer(key).issue(ADA, SID, NOW).token
    rotated = signer(new, key)
    assert verify(old_token, rotated.jwks()).header["kid"] == key.thumbprint()
    assert verify(rotated.issue(ADA, SID, NOW).token, rotated.jwks()).header["kid"] == new.thumbprint()


def test_no_private_key_is_published(key: OKPKey) -> None:
    """The set holds public parameters only."""
    (published,) = json.loads(signer(key).jwks())["keys"]
    assert set(published) == {"kty", "crv", "x", "kid", "use", "alg"}


def test_keys_load_from_json_and_pem(key: OKPKey, tmp_path: Path) -> None:
    """A JWK, a list, a set and PEM files all name the same key, and order is kept."""
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    jwk = key.as_dict(private=True)
    for setting in (json.dumps(jwk), json.dumps([jwk]), json.dumps({"keys": [jwk]})):
        assert [loaded.thumbprint() for loaded in load_signing_keys(setting)] == [key.thumbprint()]
    mixed = load_signing_keys(json.dumps([str(pem), jwk]))
    assert [loaded.thumbprint() for loaded in mixed] == [
        load_signing_keys(str(pem))[0].thumbprint(),
        key.thumbprint(),
    ]
    assert len(load_signing_keys(f"{pem}, {pem.read_text()}")) == 2


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "setting",
    [
        "",
        "/does/not/exist.pem",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----",
        "MC4CAQAwBQYDK2VwBCIEIDMJ",
        "{not json",
        "[]",
        "[1]",
        '{"kty": "OKP"}',
        pytest.param(json.dumps(OKPKey.generate_key("X25519").as_dict(private=True)), id="another curve"),
        pytest.param(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False)), id="a public key"),
        pytest.param(json.dumps(OctKey.generate_key(256).as_dict(private=True)), id="a shared secret"),
    ],
)
def test_bad_keys_are_refused_without_being_shown(setting: str) -> None:
    """The message says which entry is wrong, never what it holds."""
    with pytest.raises(BadSigningKey) as refused:
        load_signing_keys(setting)
    held = re.findall(r"[\w+/=-]{20,}", setting)
    assert not [secret for secret in held if secret in str(refused.value)]
