"""What browsers send is read strictly, and whatever it is, it is refused by a name of ours."""

import json
from datetime import UTC, datetime

import cbor2
import pytest
from authenticator import Authenticator, base64url, changed, from_base64url
from embedded.memory_only import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from identity.adapters.outbound.webauthn import RelyingParty, WebAuthn, relying_party
from identity.domain.errors import IdentityError
from identity.domain.identifiers import UserId
from identity.domain.passkey_errors import PasskeyMalformed, PasskeyRefused
from identity.domain.user import EmailAddress, User

SITE = WebAuthn(relying_party("https://tintype.example/"))
CHALLENGE = base64url(bytes(range(32)))
ADA = User(
    user_id=UserId("usr_ada"),
    email=EmailAddress("ada@example.com"),
    password_hash=None,
    full_name="",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def created(key: Authenticator) -> str:
    """What a browser brings for a new credential."""
    return key.create(SITE.creation_options(CHALLENGE, ADA, []))


def used(key: Authenticator) -> str:
    """What it brings for a use of it."""
    return key.get(SITE.request_options(CHALLENGE, [], verified=True))


def round_trip(made: str, use: str) -> None:
    """Believe a new credential, then a use of it."""
    SITE.used(SITE.read(use), SITE.created(SITE.read(made)).public_key, verified=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("public_url", "party"),
    [
        ("https://tintype.example/", RelyingParty("tintype.example", "https://tintype.example")),
        ("https://tintype.example:443/", RelyingParty("tintype.example", "https://tintype.example")),
        (
            "https://app.tintype.example:8443",
            RelyingParty("app.tintype.example", "https://app.tintype.example:8443"),
        ),
        ("http://localhost:8080/", RelyingParty("localhost", "http://localhost:8080")),
        ("http://one.localhost/", RelyingParty("one.localhost", "http://one.localhost")),
        ("http://tintype.example/", None),
        ("http://127.0.0.1:8080/", None),
        ("https://127.0.0.1/", None),
        ("https://[::1]:8080/", None),
        ("http://notlocalhost/", None),
    ],
)
def test_who_we_are_follows_from_the_address(public_url: str, party: RelyingParty | None) -> None:
    """Where browsers make no passkeys, we are nobody."""
    assert relying_party(public_url) == party


def test_an_answer_is_read_back() -> None:
    """Its challenge as it was handed out, whose it is, and the key that verifies what comes later."""
    key = Authenticator(counts=7)
    answer = SITE.read(created(key))
    assert (answer.challenge, answer.credential_id, answer.user_handle) == (
        CHALLENGE,
        key.credential_id,
        None,
    )
    made = SITE.created(answer)
    answer = SITE.read(used(key))
    assert answer.user_handle == "usr_ada"
    assert SITE.used(answer, made.public_key, verified=True).sign_count == 8
    assert "signature" not in repr(answer)
    assert repr(made.public_key) not in repr(made)


@pytest.mark.exhaustive
@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("wrong", ["", "not base64url!", "A", 7, None, "AAAA", {}])
def test_malformed_uses(field: str, wrong: object) -> None:
    """Base64url of nothing, of something else, and what is none."""
    key = Authenticator()
    made = SITE.created(SITE.read(created(key)))
    with pytest.raises((PasskeyMalformed, PasskeyRefused)):
        SITE.used(SITE.read(changed(used(key), **{field: wrong})), made.public_key, verified=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "not base64url!",
        "A",
        7,
        None,
        base64url(b"\xff"),
        base64url(cbor2.dumps([])),
        base64url(cbor2.dumps({})),
    ],
)
def test_malformed_attestations(wrong: object) -> None:
    """Not CBOR, or CBOR of something else."""
    with pytest.raises(PasskeyMalformed):
        SITE.created(SITE.read(changed(created(Authenticator()), attestationObject=wrong)))


@pytest.mark.exhaustive
@pytest.mark.parametrize("told", [b"", b"{", b"[]", b"{}", b'{"challenge": 1}', b"\xff\xfe", b"[" * 6_000])
def test_malformed_client_data(told: bytes) -> None:
    """Not JSON, or JSON of something else."""
    with pytest.raises(PasskeyMalformed):
        SITE.read(changed(used(Authenticator()), clientDataJSON=base64url(told)))


def test_a_credential_with_another_id_is_refused() -> None:
    """Than the one that is attested, and one without a key of a known kind."""
    key = Authenticator()
    told = json.loads(created(key))
    told["id"] = told["rawId"] = base64url(b"another")
    with pytest.raises(PasskeyRefused):
        SITE.created(SITE.read(json.dumps(told)))
    attestation = cbor2.loads(from_base64url(json.loads(created(key))["response"]["attestationObject"]))
    cut = attestation["authData"][: 37 + 16 + 2 + 16]
    for cose in ({}, {1: 2}, {1: 2, 3: -7, -1: 1, -2: b"x", -3: b"y"}, {1: 3, 3: -65535, -1: b"n", -2: b"e"}):
        attestation["authData"] = cut + cbor2.dumps(cose)
        text = changed(created(key), attestationObject=base64url(cbor2.dumps(attestation)))
        with pytest.raises((PasskeyRefused, PasskeyMalformed)):
            round_trip(text, used(key))


@pytest.mark.parametrize("fmt", ["android-safetynet", "tpm", "apple", "fido-u2f", "other", 7])
def test_attestations_that_nobody_asked_for_are_refused(fmt: object) -> None:
    """Their certificates are not even looked at."""
    text = created(Authenticator())
    attestation = cbor2.loads(from_base64url(json.loads(text)["response"]["attestationObject"]))
    attestation |= {"fmt": fmt, "attStmt": {"x5c": [b"certificate"], "sig": b"", "alg": -7}}
    with pytest.raises((PasskeyRefused, PasskeyMalformed)):
        SITE.created(SITE.read(changed(text, attestationObject=base64url(cbor2.dumps(attestation)))))


def test_an_endless_credential_is_refused() -> None:
    """The standard has a bound for their ids."""
    assert SITE.created(SITE.read(created(Authenticator(credential_id=b"x" * 1_023))))
    with pytest.raises(PasskeyRefused):
        SITE.created(SITE.read(created(Authenticator(credential_id=b"x" * 1_024))))


@settings(max_examples=examples(150), deadline=None)
@given(
    st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "attestationObject", "userHandle"]),
    st.binary(max_size=200) | st.none(),
    st.integers(min_value=0, max_value=400),
)
def test_whatever_comes_is_refused_by_name(name: str, content: bytes | None, cut: int) -> None:
    """Nothing but our own errors gets out, whatever bytes stand where."""
    key = Authenticator()
    public_key = SITE.created(SITE.read(created(key))).public_key
    for text, believe in (
        (created(key), lambda answer: SITE.created(answer)),
        (used(key), lambda answer: SITE.used(answer, public_key, verified=True)),
    ):
        response = json.loads(text)["response"]
        if name not in response:
            continue
        kept = from_base64url(response[name])[:cut]
        mangled = changed(text, **{name: base64url(kept if content is None else content + kept)})
        try:
            believe(SITE.read(mangled))
        except IdentityError:
            continue
