"""Who may come in: API keys, the local machine, or anybody within daily caps. Deny by default.

The decision is pure: the rules and what a request shows of itself make a `Caller`, or a refusal.
Only `scope["path"]` is looked at, never an address that a header could bend.
"""

import functools
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from callers import CALLER, ApiKey, Caller, digest_of
from rate_limiter import RateLimiter
from storage.ledger import ACCOUNT, Allowance, Limits

# What is told to everybody: that the service lives, and the pages and files without any content.
PROBES = frozenset({"/healthz", "/readyz"})
PAGES = frozenset({"/", "/playground", "/docs", "/openapi.json", "/favicon.ico"})
FILES = "/web/"
# What only says beforehand what would happen; the studio asks it while somebody fills the form.
PLAN = re.compile(r"/documents/[a-z_]+/plan")
FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BUCKETS = 4096  # addresses are counted under their hash, so that none is stored and few records are
LONGEST_KEY = 512
LONGEST_ADDRESS = 64  # characters, with room for the name of an interface
LONGEST_NAME = 261  # of a host with its port (RFC 1035)
NO_LIMITS = Limits()
HOW_TO_OPEN = (
    "this service answers only its own machine: set TRIMARAN_API_KEYS to ask callers for a key,"
    " or ALLOW_ANONYMOUS=1 to answer anybody within daily caps (docs/SECURITY.md)"
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unauthorised(Exception):
    """A key is asked for, and none that we know was given."""


class Forbidden(Exception):
    """Nobody may do this from there."""


class TooManyRequests(Exception):
    """The caller's own limit is reached. *retry_after_s* says when it is over."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Rules:
    """How the door is kept.

    *trusts_all* says that whoever connects is a proxy of ours, as on a platform that is the only
    way in. *own_scope* keeps the cached answers of each key apart.
    """

    keys: tuple[ApiKey, ...] = ()
    allow_anonymous: bool = False
    per_key: Limits = NO_LIMITS
    per_address: Limits = NO_LIMITS
    of_all_anonymous: Limits = NO_LIMITS
    proxies: tuple[Network, ...] = ()
    trusts_all: bool = False
    own_scope: bool = True
    origins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request shows of itself; *peer* is None on a local socket that has no address."""

    method: str
    path: str
    peer: str | None
    headers: Mapping[str, str]
    credentials: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, scope: Scope) -> "Visit":
        """The visit that an HTTP scope describes."""
        # Of several with one name the first counts.
        headers = {str(n, "latin-1"): str(v, "latin-1") for n, v in reversed(scope["headers"])}
        given = [v for n, v in scope["headers"] if n in (b"authorization", b"x-api-key")]
        client = scope.get("client")
        return cls(
            scope["method"], scope["path"], client[0] if client else None, headers, tuple(given)
        )

    @property
    def is_of_a_page(self) -> bool:
        """Whether it asks for nothing but a page or a file of ours: they hold no content of anybody."""
        wants_html = "text/html" in self.headers.get("accept", "")
        is_status_page = self.path == "/status" and wants_html
        return self.path in PAGES or self.path.startswith(FILES) or is_status_page

    @property
    def costs(self) -> bool:
        """Whether it counts towards the caller's limits: reading does not, nor does looking ahead."""
        looks_ahead = PLAN.fullmatch(self.path) is not None
        return self.method not in SAFE_METHODS and not looks_ahead

    @property
    def is_forwarded(self) -> bool:
        """Whether it came through a proxy, or says so."""
        return any(name in self.headers for name in FORWARDING)


def admit(rules: Rules, visit: Visit) -> Caller:
    """Who *visit* comes from. Raises `Unauthorised` or `Forbidden` for one that may not come in."""
    if visit.path in PROBES:
        return Caller()
    if rules.keys:
        if visit.method in SAFE_METHODS and visit.is_of_a_page:
            return Caller()
        return _key_holder(rules, visit)
    address = true_address(visit, rules)
    if rules.allow_anonymous:
        return Caller(name=f"address:{bucket(address)}")
    if visit.is_forwarded or (address is not None and not address.is_loopback):
        raise Forbidden(HOW_TO_OPEN)
    _refuse_other_sites(rules, visit)
    return Caller(name="local")


def true_address(visit: Visit, rules: Rules) -> Address | None:
    """The address that *visit* comes from; None for a local socket.

    What `X-Forwarded-For` says is believed as far as the proxies that we trust have written it:
    from its right end to the first address that is not theirs.
    """
    hops = [hop.strip() for hop in visit.headers.get("x-forwarded-for", "").split(",")]
    address = _parse(visit.peer)
    if rules.trusts_all:
        return _parse(hops[-1]) or address
    while hops and (address is None or _is_ours(address, rules.proxies)) and rules.proxies:
        next_address = _parse(hops.pop())
        if next_address is None:
            break
        address = next_address
    return address


def bucket(address: Address | None) -> int:
    """A number from 0 to 4095 for *address*; a household's IPv6 addresses share theirs."""
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        address = ipaddress.ip_network((int(address) >> 64 << 64, 64)).network_address
    digest = hashlib.sha256(str(address).encode()).digest()
    return int.from_bytes(digest[:4], "big") % BUCKETS


class Admission:
    """Lets in whom the rules admit, within their own limits, and tells the rest of the house who it is."""

    def __init__(
        self,
        app: ASGIApp,
        rules: Rules,
        limiter: RateLimiter,
        answer: Callable[[str, Exception], ASGIApp],
    ) -> None:
        self.app = app
        self.rules = rules
        self.limiter = limiter
        self.answer = answer  # how a path is told of an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = Visit.of(scope)
        try:
            caller = admit(self.rules, visit)
            if visit.costs:
                await self._count(caller)
        except (Unauthorised, Forbidden, TooManyRequests) as error:
            await self.answer(visit.path, error)(scope, receive, send)
            return
        token = CALLER.set(caller)
        try:
            await self.app(scope, receive, send)
        finally:
            CALLER.reset(token)

    async def _count(self, caller: Caller) -> None:
        """Count a request of *caller*. Raises `TooManyRequests`."""
        for account, limits, what in self._limits_of(caller):
            allowance = Allowance(f"caller:{account}", scopes=((ACCOUNT, limits),), is_own=True)
            slot = await self.limiter.reserve(allowance)
            if slot.granted is None:
                raise TooManyRequests(
                    f"{what} ({slot.wait.reason})", max(1.0, slot.wait.duration_s)
                )

    def _limits_of(self, caller: Caller) -> Iterable[tuple[str, Limits, str]]:
        if caller.name.startswith("key:"):
            yield caller.name, self.rules.per_key, "The limit of this API key is reached"
        elif caller.name.startswith("address:"):
            yield caller.name, self.rules.per_address, "The limit of your address is reached"
            yield "anybody", self.rules.of_all_anonymous, "The limit for everybody is reached"


def _key_holder(rules: Rules, visit: Visit) -> Caller:
    """Raises `Unauthorised`, in the same words whatever was wrong."""
    # LiteLLM looks for the first four words, which are OpenAI's.
    refused = Unauthorised(
        "Incorrect API key provided, or none: send it as 'Authorization: Bearer KEY'"
    )
    if len(visit.credentials) != 1 or len(visit.credentials[0]) > LONGEST_KEY:
        raise refused
    given = visit.credentials[0]
    scheme, _, token = given.partition(b" ")
    shown = digest_of(token.strip() if scheme.lower() == b"bearer" else given)
    found = [key for key in rules.keys if hmac.compare_digest(key.digest, shown)]
    if not found:
        raise refused
    key = found[0]
    return Caller(f"key:{key.digest[:16]}", key.digest[:16] if rules.own_scope else "")


def _refuse_other_sites(rules: Rules, visit: Visit) -> None:
    """Keep web pages of others from using the visitor's own machine as their way in.

    A page that has made its name point here shows a foreign `Host`; one that posts from elsewhere a
    foreign `Origin`. Raises `Forbidden`.
    """
    host = visit.headers.get("host", "")
    if not is_local_name(host):
        raise Forbidden(f"the Host header has to be localhost; {HOW_TO_OPEN}")
    origin = visit.headers.get("origin")
    if origin is None or visit.method in SAFE_METHODS or rules.origins & {"*", origin}:
        return
    if origin.partition("://")[2] != host:
        raise Forbidden("web pages of other origins may call only if CORS_ORIGINS names them")


def is_local_name(host: str) -> bool:
    """Whether a `Host` header names this machine: `localhost:8001`, `127.0.0.1`, `[::1]:8001`."""
    return len(host) <= LONGEST_NAME and _is_local_name(host)


@functools.lru_cache(1024)
def _is_local_name(host: str) -> bool:
    name = re.sub(r":\d{1,5}$", "", host).strip("[]").lower()
    address = _parse(name)
    return address.is_loopback if address else name == "localhost" or name.endswith(".localhost")


def read_networks(entries: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks such as `10.0.0.0/8`. Raises `ValueError`."""
    return tuple(ipaddress.ip_network(entry, strict=False) for entry in entries if entry != "*")


def _parse(text: str | None) -> Address | None:
    return _address(text) if text and len(text) <= LONGEST_ADDRESS else None


@functools.lru_cache(1024)
def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_ours(address: Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)
