"""Files that came as text: base64, or data URLs."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

import structlog

from generation.adapters.outbound.inline import InlineOutput

DATA_URL = re.compile(r"\s*data:([^,]{0,200}),", re.IGNORECASE)
# Some servers write base64 for URLs, and some leave its end away.
URL_SAFE = str.maketrans("-_", "+/")
log = structlog.get_logger(__name__)


def is_data_url(text: str) -> bool:
    """Whether the address is the file itself."""
    return DATA_URL.match(text) is not None


def inline_file(text: str) -> InlineOutput:
    """Return the file that base64 or a data URL holds, or an empty one, which nobody accepts."""
    try:
        return InlineOutput(_decoded(text))
    except (ValueError, binascii.Error) as error:
        log.warning("a picture can't be read", error=str(error))
        return InlineOutput(b"")


def _decoded(text: str) -> bytes:
    if head := DATA_URL.match(text):
        body = text[head.end() :]
        if not head[1].lower().rstrip().endswith(";base64"):
            return unquote_to_bytes(body)
        text = unquote_to_bytes(body).decode("ascii") if "%" in body else body
    text = "".join(text.split()).translate(URL_SAFE).rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
