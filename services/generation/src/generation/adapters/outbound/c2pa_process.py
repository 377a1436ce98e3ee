"""Signs one file in a process of its own: `python -m` of this module, with the key on its input.

The library reads a stranger's file in native code, so it has the bounds of the process that decodes; the
key is in neither its environment nor its arguments, where others of this machine could read it.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generation.adapters.outbound.apart import bound_resources

MODULE = "generation.adapters.outbound.c2pa_process"
# Nothing is asked of a network: neither where a file says that its manifest is, nor who vouches for a key.
SETTINGS: Mapping[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": False,
        "verify_after_sign": True,
    },
}
# How the library says that it would have to call somebody; it has a class for that, and does not use it.
ELSEWHERE = "Remote: must fetch"
SIGNED, KEPT = "signed", "kept"


def sign(source: Path, target: Path, media_type: str, told: Mapping[str, str]) -> str:
    """Write `target`, unless the file says already where it comes from; return which it was."""
    # Imported here: a native library, of which the worker needs nothing.
    import c2pa

    context = c2pa.Context.from_dict(dict(SETTINGS))
    if _says_already(c2pa, context, source, media_type):
        return KEPT
    algorithm, certificates, key = (told[name].encode() for name in ("algorithm", "certificates", "key"))
    # No time stamp: that would be a call to somebody.
    info = c2pa.C2paSignerInfo(algorithm, certificates, key, None)
    with c2pa.Signer.from_info(info) as signer, source.open("rb") as read, target.open("w+b") as write:
        c2pa.Builder(told["manifest"], context).sign(signer, media_type, read, write)
    return SIGNED


def _says_already(c2pa: Any, context: Any, source: Path, media_type: str) -> bool:
    """Whether a manifest is in the file, or the file says that it is elsewhere, whatever is true of it."""
    try:
        with source.open("rb") as read:
            reader = c2pa.Reader.try_create(media_type, read, context=context)
    except c2pa.C2paError as error:
        if str(error).startswith(ELSEWHERE):
            return True
        raise
    return reader is not None


def main(source: str, target: str, media_type: str) -> None:
    """Print what was done as one JSON object."""
    bound_resources()
    try:
        said = {"done": sign(Path(source), Path(target), media_type, json.load(sys.stdin))}
    except Exception as error:  # noqa: BLE001, the library has one error for each of many causes
        said = {"error": repr(error)[:500]}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
