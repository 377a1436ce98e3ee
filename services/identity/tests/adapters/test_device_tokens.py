"""Device tokens: signed, of a type of their own, and no use as anything else."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chassis.ids import UuidIds
from identity.adapters.outbound.device_jwt import JwtDeviceTokens
from identity.adapters.outbound.jwt import JwtAccessTokens
from identity.domain.identifiers import SessionId, UserId
from identity.domain.user import EmailAddress, User
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA = EmailAddress("ada@example.com")
OLD, NEW, STRANGE = (OKPKey.generate_key("Ed25519") for _ in range(3))


def tokens(*keys: OKPKey, issuer: str = "tintype-identity") -> JwtDeviceTokens:
    """A signer with these keys, the first of which signs."""
    return JwtDeviceTokens(keys, issuer, timedelta(days=365), UuidIds())


def part(token: str, number: int) -> dict[str, Any]:
    """The header or the claims of a token, as anybody can read them."""
    text = token.split(".")[number]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def test_a_device_is_known_again() -> None:
    """Whatever the address's capitals, and after the signing key was rotated."""
    token = tokens(OLD).issue(ADA, NOW)
    found = tokens(NEW, OLD).known(token, EmailAddress("ADA@Example.com"), NOW)
    assert found is not None
    assert found.device_id.startswith("dev_")
    assert not found.is_old
    assert "ada" not in token
    other = tokens(OLD).known(tokens(OLD).issue(ADA, NOW), ADA, NOW)
    assert other is not None
    assert other.device_id != found.device_id


@pytest.mark.parametrize("signer", [tokens(STRANGE), tokens(OLD, issuer="another")], ids=["key", "issuer"])
def test_a_forged_token_makes_nothing_known(signer: JwtDeviceTokens) -> None:
    """Another key, or another issuer with the same key."""
    assert tokens(OLD).known(signer.issue(ADA, NOW), ADA, NOW) is None


def test_it_is_for_one_address_and_one_year() -> None:
    """Another address, and the day after its end."""
    token = tokens(OLD).issue(ADA, NOW)
    assert tokens(OLD).known(token, EmailAddress("eve@example.com"), NOW) is None
    assert tokens(OLD).known(token, ADA, NOW + timedelta(days=366)) is None
    late = tokens(OLD).known(token, ADA, NOW + timedelta(days=183))
    assert late is not None
    assert late.is_old


def test_neither_token_stands_for_the_other() -> None:
    """The type, the audience and the claims differ."""
    device = tokens(OLD).issue(ADA, NOW)
    access = JwtAccessTokens([OLD], "tintype-identity", "tintype", timedelta(minutes=15))
    user = User(user_id=UserId("usr_1"), email=ADA, password_hash=None, full_name="", created_at=NOW)
    issued = access.issue(user, SessionId("ses_1"), NOW).token
    assert tokens(OLD).known(issued, ADA, NOW) is None
    header, claims = (part(device, number) for number in (0, 1))
    assert header["typ"] == "device+jwt"
    assert claims["aud"] != "tintype"
    assert not {"email", "role", "sid"} & set(claims)


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "\0", "x" * 2_048, "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token(text: str) -> None:
    """Garbage, and a token without a signature."""
    assert tokens(OLD).known(text, ADA, NOW) is None


def test_a_public_key_is_no_secret() -> None:
    """A token signed with the published key as if it were a shared one."""
    key = OctKey.import_key(json.dumps(OLD.as_dict(private=False)))
    claims = part(tokens(OLD).issue(ADA, NOW), 1)
    forged = jwt.encode({"alg": "HS256", "typ": "device+jwt", "kid": OLD.thumbprint()}, claims, key)
    assert tokens(OLD).known(forged, ADA, NOW) is None
