"""Grants to read: whoever has one can carry it, and nobody can make or change one."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from generation.adapters.outbound.jose_quotes import JoseQuoteSigner
from generation.adapters.outbound.jose_read_grants import SIGNED_BYTES_MAX, JoseReadGrants
from generation.domain.identifiers import ModelId, OutputId
from generation.domain.quote import Quote
from generation.domain.read_grant import ReadGrant
from generation_rows import ALICE
from joserfc import jwt
from joserfc.jwk import OctKey

SECRET = "s" * 32
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GRANT = ReadGrant(account_id=ALICE, output_id=OutputId("out_1"), expires_at=NOW)
GRANTS = JoseReadGrants(SECRET)


def test_what_was_signed_is_opened() -> None:
    """By every process with the same secret, over or not; an address takes it as it is."""
    signed = GRANTS.sign(GRANT)
    assert JoseReadGrants(SECRET).open(signed) == GRANT
    assert set(signed) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert len(signed) < SIGNED_BYTES_MAX


def forged(part: int, **changes: object) -> str:
    """A grant of which one part was changed."""
    parts = GRANTS.sign(GRANT).split(".")
    said = json.loads(base64.urlsafe_b64decode(parts[part] + "=="))
    parts[part] = base64.urlsafe_b64encode(json.dumps(said | changes).encode()).decode().rstrip("=")
    return ".".join(parts)


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "a.b.c",
        "\ud83e",
        "x" * (SIGNED_BYTES_MAX + 1),
        forged(1, output="out_2"),
        forged(1, sub="usr_bob"),
        forged(1, exp=9_999_999_999),
        forged(0, alg="none"),
        GRANTS.sign(GRANT)[:-2],
        JoseReadGrants("t" * 32).sign(GRANT),
        # The secret itself signs the store's addresses.
        jwt.encode({"alg": "HS256"}, {"aud": "tintype.output"}, OctKey.import_key(SECRET.encode())),
        JoseQuoteSigner(SECRET).sign(Quote(ALICE, ModelId("m"), "0", 1, NOW)),
    ],
)
def test_nobody_makes_one(signed: str) -> None:
    """Whatever is sent, it opens nothing and breaks nothing."""
    assert GRANTS.open(signed) is None


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": "tintype.quote", "sub": "usr_alice", "output": "out_1", "exp": 1},
        {"aud": "tintype.output", "sub": "usr_alice", "output": "out_1", "exp": 10**30},
        {"aud": "tintype.output", "sub": "usr_alice", "output": 3, "exp": 1},
    ],
)
def test_what_says_something_else_is_no_grant(claims: dict[str, object]) -> None:
    """Also under our own key."""
    assert GRANTS.open(jwt.encode({"alg": "HS256"}, claims, GRANTS._key)) is None


def test_it_ends_no_later_than_was_said() -> None:
    """A second is the least that it counts in."""
    late = ReadGrant(
        account_id=ALICE, output_id=OutputId("out_1"), expires_at=NOW + timedelta(milliseconds=900)
    )
    assert GRANTS.open(GRANTS.sign(late)) == GRANT
