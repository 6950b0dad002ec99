"""Which addresses may be dialled: the public ones, and those that a setting names.

`ipaddress` follows IANA's registries of special-purpose addresses, but as they stood when that Python came out (3.11.7
calls 6to4 and local-use NAT64 global), and it calls multicast global too. So an address must be global to `ipaddress`
and stay clear of the networks below: the registries of 2025, less what they call globally reachable, plus the ranges
that lead on to an IPv4 address wrapped inside, and one public address that is no public host. What no table can tell:
hosts of your own network with public addresses (as IPv6 has them), and a network's own prefix for NAT64; there a firewall
has to say what topicwire may reach.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# All of IPv6 that is given out to hosts. Outside are loopback, unspecified, IPv4-mapped and -compatible, NAT64
# (64:ff9b::/96, 64:ff9b:1::/48), discard-only, segment routing, unique local, link-local, site-local and multicast.
_UNICAST = IPv6Network("2000::/3")
_SPECIAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network; Linux takes 0.0.0.0 for loopback
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; 100.100.100.200 is a cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata and agent, on a public address
        "169.254.0.0/16",  # link-local; 169.254.169.254 is the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is a cloud's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)


def is_public(address: Address) -> bool:
    """Whether an address belongs to a host on the public internet; one with a scope belongs to a link."""
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address not in _UNICAST):
        return False
    return address.is_global and not any(address in network for network in _SPECIAL)


def may_be_dialled(address: Address, allowed: Sequence[Network]) -> bool:
    return is_public(address) or any(address in network for network in allowed)
