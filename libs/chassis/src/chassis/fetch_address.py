"""Addresses that strangers name: written for people, sent as ASCII, and never one of our own machines."""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httpcore
import idna

LENGTH_MAX = 8192
# What RFC 3986 lets a path and a query hold as it is; "%" is looked at apart.
PATH_SAFE = "/:@!$&'()*+,;=~-._%"
QUERY_SAFE = PATH_SAFE + "?"
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# An underscore is in no host's name by the book, and in some buckets' names all the same.
ASCII_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """Nothing is sent there: the address can't be one, or is off limits."""


def parsed(url: str, *, schemes: Collection[str]) -> httpcore.URL:
    """Return the address as it goes over the wire: percent-encoded, its host in IDNA's ASCII form.

    Raises AddressRefused for what can't be an address, or has another scheme or a password in it.
    """
    try:
        address = _split(url)
        if address.scheme not in schemes or address.username is not None or address.port == 0:
            raise AddressRefused("the address is not an https one")
        target = _encoded(address.path or "/", PATH_SAFE)
        if not target.startswith("/"):
            raise AddressRefused("the address is not one")
        if address.query:
            target += "?" + _encoded(address.query, QUERY_SAFE)
        return httpcore.URL(
            scheme=address.scheme, host=_host(address.hostname or ""), port=address.port, target=target
        )
    except ValueError as error:
        # Brackets that don't match, a port of letters, names and letters that have no ASCII form.
        raise AddressRefused("the address is not one") from error


def redirected(url: str, location: bytes) -> str:
    """Where an answer from `url` sends us. Raises AddressRefused."""
    try:
        return urljoin(url, location.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise AddressRefused("the address redirects to none") from error


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    inside = ip.ipv4_mapped or ip.sixtofour
    if ip in NAT64:
        inside = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    if inside is not None:
        return is_public(str(inside))
    return ip in IPV6_UNICAST and ip.is_global


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip.is_loopback


def _split(url: str) -> SplitResult:
    if len(url) > LENGTH_MAX:
        raise ValueError("too long")
    address = urlsplit(url.strip())
    # Reading it is checking it: a port that is no number raises here.
    _ = address.port
    return address


def _host(name: str) -> bytes:
    if ":" in name:
        return ipaddress.IPv6Address(name).compressed.encode()
    if ASCII_NAME.fullmatch(name):
        return name.lower().encode()
    host = idna.encode(name, uts46=True)
    if not ASCII_NAME.fullmatch(host.decode()):
        raise ValueError("no host")
    return host


def _encoded(text: str, safe: str) -> str:
    # What a server sent as bytes that are no UTF-8 goes back to it as the same bytes.
    return quote(STRAY_PERCENT.sub("%25", text), safe=safe, errors="surrogateescape")
