"""What processes are given of the caller's environment, and how their settings are named."""

import os
from collections.abc import Mapping

# Everything else of the caller's environment stays out of the services.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "PYTHONWARNINGS")


def inherited() -> dict[str, str]:
    """Return what every process gets of the caller's environment: nothing secret."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}


def prefixed(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the settings under the names that a process reads."""
    return {f"{prefix}_{name}": value for name, value in values.items()}
