"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The client's address: the peer's, or behind TRUSTED_PROXIES the last forwarded one that is not theirs."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR")
    if not forwarded or not settings.TRUSTED_PROXIES:
        return address
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while hops and is_trusted(address):
        address = hops.pop()
    return address


def plain_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address; one of IPv4 that IPv6 wraps is unwrapped. Raises ValueError."""
    parsed = ipaddress.ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def is_trusted(address: str) -> bool:
    """Whether the address is one of TRUSTED_PROXIES."""
    try:
        parsed = plain_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)
