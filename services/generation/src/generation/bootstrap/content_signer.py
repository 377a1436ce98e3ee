"""Whoever signs what was made."""

from collections.abc import Mapping

from generation.adapters.outbound.c2pa_signer import C2paSigner, SigningKey
from generation.application.provenance_of_job import ProvenanceTeller
from generation.application.sign_outputs import OutputSigner
from generation.bootstrap.parts import Parts
from generation.ports.media_provider import MediaProvider
from generation.settings import WorkerSettings


def signing_key_of(settings: WorkerSettings) -> SigningKey | None:
    """Read the operator's key, where there is one. Raises BadSigningKey."""
    if settings.c2pa_certificates_file is None or settings.c2pa_key_file is None:
        return None
    return SigningKey.read(settings.c2pa_certificates_file, settings.c2pa_key_file)


def signer_of(
    settings: WorkerSettings, parts: Parts, providers: Mapping[str, MediaProvider]
) -> OutputSigner | None:
    """Return what signs outputs; None without a key."""
    key = signing_key_of(settings)
    if key is None:
        return None
    untrained = frozenset(name for name, provider in providers.items() if provider.capabilities.untrained)
    return OutputSigner(C2paSigner(key), ProvenanceTeller(parts.catalogue, untrained), parts.meter)
