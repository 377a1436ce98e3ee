"""Files that say where they come from, read back as anybody can."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from generation.adapters.outbound.apart import MEMORY_BYTES_MAX
from generation.adapters.outbound.c2pa_process import SETTINGS
from generation.adapters.outbound.c2pa_signer import BadSigningKey, C2paSigner, SigningKey, manifest
from generation.adapters.outbound.local_files import hash_of
from generation.adapters.outbound.media_inspection import inspect
from generation.domain.identifiers import ModelId
from generation.domain.model import Modality
from generation.domain.provenance import DigitalSource, Provenance
from generation.ports.content_signer import SigningFailed
from generation.ports.media_intake import ReceivedMedia
from PIL import Image

pytestmark = pytest.mark.server

MADE = Provenance(model_id=ModelId("bfl/flux-schnell"), source=DigitalSource.TRAINED)
KINDS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4"}
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
ISSUER = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Plates"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Plates' root"),
    ]
)


def issued(key: Any, root: ec.EllipticCurvePrivateKey) -> bytes:
    """A certificate of this key's, as C2PA wants it, and its issuer's."""
    now = datetime.now(UTC)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Plates"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Plates' outputs"),
        ]
    )

    def built(subject: x509.Name, of: Any, *, is_root: bool) -> bytes:
        usage = dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                *("crl_sign", "encipher_only", "decipher_only"),
            ),
            False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ISSUER)
            .public_key(of.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=not is_root, key_cert_sign=is_root, **usage), critical=True
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(of.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False
            )
        )
        if not is_root:
            wanted = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(wanted, critical=False)
        return builder.sign(root, hashes.SHA256()).public_bytes(PEM)

    return built(name, key, is_root=False) + built(ISSUER, root, is_root=True)


def key_files(folder: Path, key: Any = None, *, of: Any = None) -> tuple[Path, Path]:
    """Certificates and key, or a key of somebody else's."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    certificates, private = folder / "certificates.pem", folder / "key.pem"
    certificates.write_bytes(issued(of or key, ec.generate_private_key(ec.SECP256R1())))
    private.write_bytes(key.private_bytes(PEM, PKCS8, serialization.NoEncryption()))
    return certificates, private


@pytest.fixture
def signer(tmp_path: Path) -> C2paSigner:
    """With a key of the operator's."""
    return C2paSigner(SigningKey.read(*key_files(tmp_path)))


def made(folder: Path, kind: str) -> ReceivedMedia:
    """A file as it was taken in."""
    path = folder / "output"
    if kind == "mp4":
        with av.open(str(path), "w", format="mp4") as film:
            stream = film.add_stream("h264", rate=8)
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, dtype=np.uint8), format="rgb24")
            film.mux(stream.encode(frame))
            film.mux(stream.encode())
    else:
        Image.effect_noise((64, 64), 80).convert("RGB").save(path, format=kind)
    size_bytes, sha256 = hash_of(path)
    return ReceivedMedia(
        path=path, media_type=KINDS[kind], extension=kind, size_bytes=size_bytes, sha256=sha256
    )


def read(media: ReceivedMedia) -> Mapping[str, Any]:
    """What anybody reads of it, who asks no network."""
    context = c2pa.Context.from_dict(dict(SETTINGS))
    with media.path.open("rb") as file:
        reader = c2pa.Reader.try_create(media.media_type, file, context=context)
    assert reader is not None
    told: Mapping[str, Any] = json.loads(reader.json())
    return told


@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_file_says_where_it_comes_from(signer: C2paSigner, tmp_path: Path, kind: str) -> None:
    """Which model made it and how; the signature holds, and what was made is the same to look at."""
    before = made(tmp_path, kind)
    signed = await signer.signed(before, MADE)
    told = read(signed)
    assert told["validation_state"] == "Valid"
    active = told["manifests"][told["active_manifest"]]
    (actions,) = [each["data"]["actions"] for each in active["assertions"] if "actions" in each["label"]]
    assert actions == [
        {
            "action": "c2pa.created",
            "softwareAgent": {"name": "bfl/flux-schnell"},
            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        }
    ]
    assert active["signature_info"]["issuer"] == "Plates"
    assert (signed.size_bytes, signed.sha256) == hash_of(signed.path)
    assert signed.sha256 != before.sha256
    modality = Modality.VIDEO if kind == "mp4" else Modality.IMAGE
    assert inspect(signed.path, modality=modality) == inspect(before.path, modality=modality)


async def test_a_file_that_was_changed_is_found_out(signer: C2paSigner, tmp_path: Path) -> None:
    """Otherwise the signature says nothing."""
    signed = await signer.signed(made(tmp_path, "jpeg"), MADE)
    content = bytearray(signed.path.read_bytes())
    content[-40] ^= 1
    signed.path.write_bytes(content)
    assert read(signed)["validation_state"] == "Invalid"


async def test_what_its_maker_signed_stays_as_it_is(signer: C2paSigner, tmp_path: Path) -> None:
    """Byte for byte: another signature over it would say that we made it."""
    theirs = await signer.signed(made(tmp_path, "png"), MADE)
    content = theirs.path.read_bytes()
    assert await signer.signed(theirs, replace(MADE, model_id=ModelId("x/y"))) is theirs
    assert theirs.path.read_bytes() == content


async def test_a_file_that_names_a_manifest_elsewhere_stays_and_nobody_is_called(
    signer: C2paSigner, tmp_path: Path
) -> None:
    """The address is a stranger's, and may be one of our own network."""
    context = c2pa.Context.from_dict(dict(SETTINGS))
    certificates, key = key_files(tmp_path)
    info = c2pa.C2paSignerInfo(b"es256", certificates.read_bytes(), key.read_bytes(), None)
    before = made(tmp_path, "png")
    remote = io.BytesIO()
    builder = c2pa.Builder(json.dumps(manifest(MADE)), context)
    builder.set_no_embed()
    builder.set_remote_url("http://127.0.0.1:9/manifest.c2pa")
    with c2pa.Signer.from_info(info) as theirs, before.path.open("rb") as file:
        builder.sign(theirs, "image/png", file, remote)
    before.path.write_bytes(remote.getvalue())
    assert await signer.signed(before, MADE) is before


@pytest.mark.parametrize("kind", ["video/webm", "text/plain"])
async def test_what_can_not_say_it_stays_as_it_is(signer: C2paSigner, tmp_path: Path, kind: str) -> None:
    """No process is started for it."""
    media = replace(made(tmp_path, "png"), media_type=kind)
    assert await signer.signed(media, MADE) is media


async def test_a_file_that_is_no_picture_is_not_signed(signer: C2paSigner, tmp_path: Path) -> None:
    """Whatever the library makes of it, the worker lives."""
    media = made(tmp_path, "png")
    media.path.write_bytes(b"no picture")
    with pytest.raises(SigningFailed):
        await signer.signed(media, MADE)


def test_a_process_that_signs_has_bounds() -> None:
    """Those of the one that decodes."""
    assert MEMORY_BYTES_MAX == 1024**3


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ec.generate_private_key(ec.SECP521R1()), "es512"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
    ],
)
async def test_a_key_says_how_it_signs(tmp_path: Path, key: Any, algorithm: str) -> None:
    """And does."""
    read_key = SigningKey.read(*key_files(tmp_path, key))
    assert read_key.algorithm == algorithm
    signed = await C2paSigner(read_key).signed(made(tmp_path, "png"), MADE)
    assert read(signed)["validation_state"] == "Valid"


def test_what_can_not_sign_stops_the_start(tmp_path: Path) -> None:
    """Another's key, one of another kind, and files that are none."""
    key = ec.generate_private_key(ec.SECP256R1())
    for files in (
        key_files(tmp_path, of=key),
        key_files(tmp_path, dsa.generate_private_key(2048)),
        key_files(tmp_path, ec.generate_private_key(ec.SECP256K1())),
        (tmp_path / "absent", tmp_path / "key.pem"),
        (tmp_path / "key.pem", tmp_path / "key.pem"),
    ):
        with pytest.raises(BadSigningKey):
            SigningKey.read(*files)
