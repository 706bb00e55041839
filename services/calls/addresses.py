"""Which addresses may be called: those of the public internet, and what the operator has opened."""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The IANA registries of special-purpose addresses. They are named here because what Python's
# `is_global` says of some of them changes from release to release.
_NOT_PUBLIC_V4 = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches the machine itself
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # behind a provider's NAT, RFC 6598
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; clouds tell their machines' passwords there
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
# All that is public in IPv6 so far (RFC 4291); loopback, fc00::/7 and the like lie outside of it.
_PUBLIC_V6 = ip_network("2000::/3")
_NOT_PUBLIC_V6 = [
    ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments, among them Teredo, which embeds IPv4 addresses
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds IPv4 addresses
        "3fff::/20",  # documentation
    )
]
# Where only IPv6 is spoken, this prefix leads to IPv4 (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
_V4_BITS = 0xFFFF_FFFF


class AddressGuard:
    """Judges addresses. `allowed` are networks that the operator has opened besides."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = allowed

    def allows(self, text: str) -> bool:
        """Tell whether an address, as a resolver gives it, may be called."""
        address = _reached(ip_address(text))
        return _is_in(address, self._allowed) or is_public(address)


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet."""
    address = _reached(address)
    if isinstance(address, IPv4Address):
        return not _is_in(address, _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not _is_in(address, _NOT_PUBLIC_V6)


def _reached(address: Address) -> Address:
    """Return the address that is reached in the end: IPv6 can stand for IPv4."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & _V4_BITS)
    return address


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
