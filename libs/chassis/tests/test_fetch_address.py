"""Addresses that strangers name, and connections to them."""

import asyncio
import socket
from typing import Any

import httpcore
import pytest
from chassis.checked_network import CheckedNetwork
from chassis.fetch_address import AddressRefused, parsed
from embedded.memory_only import examples
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMES = st.sampled_from(["https", "http", "HTTPS", "ftp", ""])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://b\u00fccher.example/", b"xn--bcher-kva.example"),
        ("https://\u56fe\u7247.example:8443/a", b"xn--wcsw84d.example"),
        ("https://my_bucket.S3.example/", b"my_bucket.s3.example"),
        ("https://[2606:4700:0::1]/", b"2606:4700::1"),
    ],
)
def test_hosts_have_an_ascii_form(url: str, host: bytes) -> None:
    """IDNA for names, the short form for addresses."""
    assert parsed(url, schemes=["https"]).host == host


@given(url=st.text(max_size=60) | st.builds("{}://{}{}".format, SCHEMES, st.text(max_size=30), st.text()))
@settings(max_examples=examples(2_000), deadline=None)
def test_whatever_is_no_address_is_refused(url: str) -> None:
    """Any string is an address in ASCII, or refused; nothing else comes out."""
    try:
        address = parsed(url, schemes=["https", "http"])
    except AddressRefused:
        return
    assert address.host
    assert address.target.startswith(b"/")
    assert not set(address.host + address.target) & set(b" \r\n\t#")
    assert address.origin.port in range(1, 65_536)


class Resolver:
    """Gives a name these addresses, one list each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.left = list(answers)

    async def getaddrinfo(self, _host: str, port: int, **_options: object) -> list[Any]:
        """What the loop's own gives."""
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port)) for found in self.left.pop(0)]


@pytest.mark.parametrize(
    "found", [["10.0.0.8"], ["93.184.216.34", "10.0.0.8"], ["169.254.169.254"], ["127.0.0.1"], []]
)
async def test_a_name_of_a_private_address_is_refused(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not public among several is enough."""
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Resolver(found).getaddrinfo)
    with pytest.raises(AddressRefused):
        await CheckedNetwork(allow_loopback=False).connect_tcp("rebinding.example", 443)


async def test_a_name_that_changes_its_mind_reaches_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is asked once, and the connection goes to that answer: nothing is resolved again."""
    resolver = Resolver(["93.184.216.34"], ["127.0.0.1"])
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolver.getaddrinfo)
    reached: list[str] = []

    async def connect(_network: object, host: str, *_rest: object) -> None:
        reached.append(host)

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    await CheckedNetwork(allow_loopback=False).connect_tcp("rebinding.example", 443)
    assert reached == ["93.184.216.34"]
    assert len(resolver.left) == 1
