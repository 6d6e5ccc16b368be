"""The way out: through a proxy where one is set, which the environment's own variables never are."""

import ipaddress
import urllib.parse


def proxy_for(url: str, proxy: str) -> str | None:
    """The proxy for a request to *url*, None for none: this machine itself is reached directly.

    *proxy* is `http://user:password@host:port`, or empty.
    """
    return proxy if proxy and not _is_here(urllib.parse.urlsplit(url).hostname or "") else None


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
