"""What of an address is counted."""

import pytest
from identity.domain.client_network import client_of, neighbourhood_of


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("address", "client", "neighbourhood"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/64"),
        (None, "unknown", "unknown"),
        ("", "unknown", "unknown"),
        ("203.0.113", "unknown", "unknown"),
        ("203.0.113.7, 198.51.100.1", "unknown", "unknown"),
        ("\0", "unknown", "unknown"),
        ("9" * 64, "unknown", "unknown"),
    ],
)
def test_addresses(address: str | None, client: str, neighbourhood: str) -> None:
    """IPv4 by address and /24, IPv6 by the /64 that one customer has, anything else as one client."""
    assert (client_of(address), neighbourhood_of(address)) == (client, neighbourhood)
