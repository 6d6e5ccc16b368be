"""Who may come in: the rules as pure decisions, and the doors of the whole app."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from starlette.types import Message

from cache import ResponseCache
from callers import CALLER, ApiKey, Caller, digest_of
from clock import SYSTEM_CLOCK, Clock
from endpoints.app import Services, create_app
from endpoints.security import (
    PAGES,
    PROBES,
    Forbidden,
    Rules,
    Unauthorised,
    Visit,
    admit,
    bucket,
    is_local_name,
    read_networks,
    true_address,
)
from planning.planner import Planner
from planning.research import NoSearch
from planning.speech import Speaker
from planning.voices.supply import Supply
from rate_limiter import RateLimiter
from router import Router
from storage.ledger import Limits
from storage.memory import MemoryStore
from tests.asgi import http_scope
from tests.doubles import TurnedClock

KEY, OTHER_KEY = "a-key-of-the-first-caller", "a-key-of-the-second-caller"
KEYS = (ApiKey.read(f"first:{KEY}"), ApiKey.read(f"sha256:{digest_of(OTHER_KEY.encode())}"))
STRANGER = "203.0.113.9"


def visit(
    path: str = "/investors",
    *,
    peer: str | None = "127.0.0.1",
    method: str = "POST",
    credentials: tuple[bytes, ...] = (),
    **headers: str,
) -> Visit:
    """A request as the rules see it; names of headers with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Visit(method, path, peer, {"host": "localhost:8001", **named}, credentials)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.7", "::1", None])
def test_the_own_machine_may_come_in_without_a_key(peer: str | None) -> None:
    """A local socket has no address."""
    assert admit(Rules(), visit(peer=peer)) == Caller("local")


@pytest.mark.parametrize(
    "stranger",
    [
        visit(peer=STRANGER),
        visit(peer="2001:db8::1"),
        visit(x_forwarded_for="127.0.0.1"),
        visit(forwarded="for=127.0.0.1"),
        visit(x_real_ip="127.0.0.1"),
        visit(via="1.1 proxy"),
    ],
)
def test_nobody_else_may_until_the_operator_decides(stranger: Visit) -> None:
    """The refusal names both ways to open the door."""
    with pytest.raises(Forbidden, match=r"TRIMARAN_API_KEYS.*ALLOW_ANONYMOUS=1"):
        admit(Rules(), stranger)


@pytest.mark.parametrize(
    "page",
    [
        visit(host="evil.example"),
        visit(host="localhost.evil.example"),
        visit(origin="https://evil.example"),
        visit(origin="null"),
        visit(origin="http://localhost:9999"),
    ],
)
def test_a_page_of_another_site_cannot_use_its_visitors_machine(page: Visit) -> None:
    """Neither by making its name point here nor by posting from elsewhere."""
    with pytest.raises(Forbidden):
        admit(Rules(), page)


def test_our_own_pages_and_those_that_are_named_may_call() -> None:
    """The origin is the host's own, or stands in CORS_ORIGINS."""
    assert admit(Rules(), visit(origin="http://localhost:8001")).name == "local"
    rules = Rules(origins=frozenset({"https://ours.example"}))
    assert admit(rules, visit(origin="https://ours.example")).name == "local"


@pytest.mark.parametrize("header", [f"Bearer {KEY}", f"bearer  {KEY}", KEY])
def test_a_key_opens_the_door_from_anywhere(header: str) -> None:
    """As OpenAI's clients send it, or bare in X-Api-Key."""
    caller = admit(Rules(KEYS), visit(peer=STRANGER, credentials=(header.encode(),)))
    assert caller.name.startswith("key:")
    assert KEY not in caller.name


@pytest.mark.parametrize(
    "credentials",
    [
        (),
        (b"",),
        (b"Bearer ",),
        (b"Bearer wrong-key-of-nobody",),
        (b"Bearer \xe9\xff",),
        (b"Bearer " + b"a" * 1_000_000,),
        (f"Bearer {KEY}".encode(), f"Bearer {KEY}".encode()),
        (f"Basic {KEY}".encode(),),
        (digest_of(KEY.encode()).encode(),),
    ],
)
def test_everything_else_is_refused_in_the_same_words(credentials: tuple[bytes, ...]) -> None:
    """M02: bytes that are no text, a megabyte, nothing, two of them, and the stored digest itself."""
    with pytest.raises(Unauthorised) as refusal:
        admit(Rules(KEYS), visit(credentials=credentials))
    assert str(refusal.value).startswith("Incorrect API key provided")


def test_with_keys_even_the_own_machine_needs_one() -> None:
    """So that a proxy in front cannot open the door by accident."""
    with pytest.raises(Unauthorised):
        admit(Rules(KEYS), visit())


def test_each_key_has_its_own_scope_unless_they_share() -> None:
    """Two holders never see each other's answers."""
    scopes = {
        admit(Rules(KEYS), visit(credentials=(key.encode(),))).scope for key in (KEY, OTHER_KEY)
    }
    assert len(scopes) == 2
    shared = Rules(KEYS, own_scope=False)
    assert admit(shared, visit(credentials=(KEY.encode(),))).scope == ""


def test_a_key_is_kept_only_as_its_digest() -> None:
    """Neither in repr nor in any field."""
    assert KEY not in repr(KEYS)
    assert KEYS[0].name == "first"
    assert KEYS[1].name == KEYS[1].digest[:8]


@pytest.mark.parametrize(
    "entry", ["short", "name:short", "has spaces in it but long", "sha256:abc", "a:b:c" * 5, ""]
)
def test_a_weak_or_malformed_key_is_refused(entry: str) -> None:
    """Before the service starts."""
    with pytest.raises(ValueError, match="an API key is"):
        ApiKey.read(entry)


def test_forwarded_addresses_are_believed_only_from_our_proxies() -> None:
    """M11: from the right end to the first address that is not ours."""
    rules = Rules(allow_anonymous=True, proxies=read_networks(["10.0.0.0/8"]))

    def seen(peer: str, header: str) -> str:
        return str(true_address(visit(peer=peer, x_forwarded_for=header), rules))

    assert seen("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2") == STRANGER
    assert seen("203.0.113.9", "6.6.6.6") == STRANGER
    assert seen("10.0.0.1", "6.6.6.6, nonsense") == "10.0.0.1"
    assert seen("10.0.0.1", "10.0.0.3") == "10.0.0.3"
    everybody = Rules(trusts_all=True)
    assert (
        str(true_address(visit(peer="9.9.9.9", x_forwarded_for="6.6.6.6, 203.0.113.9"), everybody))
        == STRANGER
    )


def test_a_households_addresses_share_a_bucket() -> None:
    """A /64 is one customer; an IPv4 address is one too."""

    def of(text: str) -> int:
        return bucket(true_address(visit(peer=text), Rules()))

    assert of("2001:db8:1:2::1") == of("2001:db8:1:2:ffff::9")
    assert of("2001:db8:1:2::1") != of("2001:db8:1:3::1")
    assert of("203.0.113.9") != of("203.0.113.10")


def test_names_of_this_machine() -> None:
    """With and without a port, in both families; others only look like it."""
    ours = [
        "localhost",
        "localhost:8001",
        "127.0.0.1:80",
        "[::1]:8001",
        "studio.localhost",
        "LOCALHOST",
    ]
    others = ["", "example.org", "localhost.example", "127.0.0.1.example", "0.0.0.0", "x/?y="]
    assert all(map(is_local_name, ours))
    assert not any(map(is_local_name, others))


# --- the whole app ------------------------------------------------------------------------------


def app_with(rules: Rules, clock: Clock = SYSTEM_CLOCK) -> Any:
    """The service without providers."""
    cache = ResponseCache(store=MemoryStore(), clock=clock)
    limiter = RateLimiter(0, store=lambda: cache.store, clock=clock)
    router = Router([], cache, limiter, clock=clock)
    services = Services(Planner(router, NoSearch()), Speaker([], Supply(cache, limiter)), cache)
    return create_app(services, rules=rules)


def ask(
    app: Any,
    path: str,
    *,
    peer: str = "127.0.0.1",
    method: str = "GET",
    body: bytes = b"",
    **headers: str,
) -> tuple[int, dict[str, str], Any]:
    """One request straight to the app, as a server would hand it over."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    scope = http_scope(path, method=method, peer=peer, headers=named)
    sent: list[Message] = []

    async def converse() -> None:
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(converse())
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    parsed = orjson.loads(content) if "json" in head.get("content-type", "") else content
    return sent[0]["status"], head, parsed


def routes_of(app: Any) -> Iterator[tuple[str, str]]:
    """Every method and path that the app answers: those that are described, and those that are hidden."""
    for path, methods in app.openapi()["paths"].items():
        yield from ((method.upper(), re.sub(r"\{.*?\}", "x", path)) for method in methods)
    for route in app.routes:
        if hasattr(route, "path"):
            yield "GET", route.path


def test_every_route_but_pages_and_probes_needs_a_key() -> None:
    """Deny by default: a new route is closed until it is listed."""
    app = app_with(Rules(KEYS))
    closed = 0
    for method, path in routes_of(app):
        status, headers, _ = ask(app, path, method=method, peer=STRANGER)
        if path in PROBES or (method == "GET" and path in PAGES):
            assert status != 401, path
        else:
            closed += 1
            assert (status, headers["www-authenticate"]) == (401, "Bearer"), path
    assert closed >= 8


def test_without_a_decision_strangers_get_403_everywhere_but_at_the_probes() -> None:
    """In the words of the API that they asked."""
    app = app_with(Rules())
    for method, path in routes_of(app):
        status, *_ = ask(app, path, method=method, peer=STRANGER)
        assert (status == 403) is (path not in PROBES), path
    assert "ALLOW_ANONYMOUS" in ask(app, "/v1/models", peer=STRANGER)[2]["error"]["message"]
    assert "TRIMARAN_API_KEYS" in ask(app, "/status", peer=STRANGER)[2]["detail"]


def test_a_wrong_key_is_told_as_openai_tells_it() -> None:
    """The official client raises AuthenticationError and does not ask again."""
    status, headers, body = ask(app_with(Rules(KEYS)), "/v1/models", authorization="Bearer nope")
    assert status == 401
    assert body["error"]["code"] == "invalid_api_key"
    assert headers["x-should-retry"] == "false"


@pytest.mark.parametrize("path", ["/v1/models", "/status", "/nowhere", "/docs", "/healthz"])
def test_every_answer_has_the_careful_headers(path: str) -> None:
    """Also the errors."""
    for rules in (Rules(), Rules(KEYS)):
        _, headers, _ = ask(app_with(rules), path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers


def forecast(app: Any, **headers: str) -> tuple[int, dict[str, str], Any]:
    """A request that counts."""
    return ask(app, "/quota/forecast", method="POST", body=b'{"calls": 1}', **headers)


def test_each_key_has_its_own_limit_and_the_wait_is_true() -> None:
    """The second key is not touched by what the first has used."""
    clock = TurnedClock()
    app = app_with(Rules(KEYS, per_key=Limits(per_minute=2)), clock)
    answers = [forecast(app, authorization=f"Bearer {KEY}") for _ in range(3)]
    assert [status for status, *_ in answers] == [200, 200, 429]
    wait_s = int(answers[2][1]["retry-after"])
    assert 1 <= wait_s <= 61
    assert forecast(app, authorization=f"Bearer {OTHER_KEY}")[0] == 200
    clock.turn(wait_s - 1.5)
    assert forecast(app, authorization=f"Bearer {KEY}")[0] == 429
    clock.turn(1.5)
    assert forecast(app, authorization=f"Bearer {KEY}")[0] == 200


def test_a_limit_of_none_at_all_lets_nobody_ask() -> None:
    """0 is a number like others, and not the absence of a limit; reading goes on."""
    closed = Limits(per_day=0)
    keyed = app_with(Rules(KEYS, per_key=closed), TurnedClock())
    assert forecast(keyed, authorization=f"Bearer {KEY}")[0] == 429
    for rules in (
        Rules(allow_anonymous=True, per_address=closed, of_all_anonymous=Limits(per_day=9)),
        Rules(allow_anonymous=True, per_address=Limits(per_day=9), of_all_anonymous=closed),
    ):
        app = app_with(rules, TurnedClock())
        status, headers, body = forecast(app, peer=STRANGER)
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        assert "limit" in body["detail"]
        assert ask(app, "/status", peer=STRANGER)[0] == 200


def test_asking_what_a_document_would_take_does_not_count() -> None:
    """The studio asks it while somebody fills the form."""
    app = app_with(Rules(KEYS, per_key=Limits(per_minute=1)))
    key = {"authorization": f"Bearer {KEY}"}
    body = b'{"idea": {"name": "Kisima"}}'
    for _ in range(3):
        assert ask(app, "/documents/pitch/plan", method="POST", body=body, **key)[0] != 429
    assert forecast(app, **key)[0] == 200
    assert ask(app, "/documents/pitch", method="POST", body=body, **key)[0] == 429


def test_anonymous_callers_have_caps_of_their_own_and_together() -> None:
    """An address cannot use up what is there for everybody, and all together cannot go on for ever."""
    rules = Rules(
        allow_anonymous=True, per_address=Limits(per_day=2), of_all_anonymous=Limits(per_day=3)
    )
    clock = TurnedClock()
    app = app_with(rules, clock)

    def from_address(peer: str, **headers: str) -> int:
        return ask(
            app, "/quota/forecast", peer=peer, method="POST", body=b'{"calls": 1}', **headers
        )[0]

    assert [from_address(STRANGER) for _ in range(3)] == [200, 200, 429]
    assert from_address(STRANGER, x_forwarded_for="198.51.100.1") == 429
    assert [from_address("198.51.100.7") for _ in range(2)] == [200, 429]
    assert ask(app, "/status", peer=STRANGER)[0] == 200
    clock.turn(24 * 3600)
    assert from_address(STRANGER) == 200


def test_answers_are_kept_for_each_scope_by_itself() -> None:
    """A caller of no scope shares with all others of none."""
    assert Caller("key:a", "a").scoped("question") == "a/question"
    assert Caller("local").scoped("question") == "question"
    assert CALLER.get() == Caller()


def test_a_packed_body_is_refused_before_it_is_unpacked() -> None:
    """M12."""
    status, *_ = ask(
        app_with(Rules()), "/quota/forecast", method="POST", body=b"{}", content_encoding="gzip"
    )
    assert status == 415
