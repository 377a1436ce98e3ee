"""What a client is counted by at the door."""

import pytest
from fastapi import Request
from gateway.adapters.inbound.limited import client_key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
    ],
)
def test_addresses(address: str, key: str) -> None:
    """IPv4 by the address, also where it is written as IPv6; IPv6 by what one customer has."""
    assert client_key(Request({"type": "http", "client": (address, 1), "headers": []})) == key


def test_a_peer_without_an_address() -> None:
    """As over a Unix socket: all of them are one client."""
    assert client_key(Request({"type": "http", "client": None, "headers": []})) == "unknown"
