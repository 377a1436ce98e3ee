"""What of a client's address its attempts are counted by."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# One customer gets a /64 of IPv6, and may take another address of it for every request.
_CLIENT_BITS = {4: 32, 6: 64}
_NEIGHBOURHOOD_BITS = {4: 24, 6: 64}
UNKNOWN = "unknown"


def client_of(address: str | None) -> str:
    """One client: an IPv4 address, or a /64 of IPv6. All that is no address is one client too."""
    return _network(address, _CLIENT_BITS)


def neighbourhood_of(address: str | None) -> str:
    """Clients that are easily one and the same: a /24 of IPv4, a /64 of IPv6."""
    return _network(address, _NEIGHBOURHOOD_BITS)


def _network(text: str | None, bits: dict[int, int]) -> str:
    if text is None:
        return UNKNOWN
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network((address, bits[address.version]), strict=False))
