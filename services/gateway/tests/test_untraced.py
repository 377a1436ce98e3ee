"""What no trace may keep."""

import pytest
from gateway.bootstrap.server import UNTRACED
from opentelemetry.util.http import parse_excluded_urls


@pytest.mark.parametrize(
    ("path", "is_kept"),
    [
        ("/v1/generations?limit=3", True),
        ("/healthz", False),
        ("/s/a-token", False),
        ("/v1/outputs/out_1/content?signature=a", False),
        ("/webhooks/providers/comfydeploy?attempt=att_1&token=a", False),
    ],
)
def test_addresses_that_open_something_are_in_no_trace(path: str, is_kept: bool) -> None:
    """Whoever reads traces could use them."""
    assert parse_excluded_urls(UNTRACED).url_disabled(f"https://tintype.example{path}") is not is_kept
