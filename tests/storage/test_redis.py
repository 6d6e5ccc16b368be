"""The shared store when all is well: its keys, its clock, its round trips; and when it is lost."""

import asyncio
import itertools
import logging
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from cache import ResponseCache
from clock import SYSTEM_CLOCK
from rate_limiter import RateLimiter
from storage import Entry, StoreLost, shared_store
from storage.ledger import Allowance, Limits
from storage.redis import LARGEST_ENTRY, REPLY_TIMEOUT_S, RedisStore
from tests.servers import StoreServer, free_port, program, relayed, running_store

DAILY = Allowance("gemini", scopes=(("*", Limits(per_day=1000)),))


@pytest.fixture(params=["redis", "valkey"])
def server(request: pytest.FixtureRequest) -> StoreServer:
    """Redis, then Valkey."""
    found: StoreServer = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture
def store(server: StoreServer) -> Iterator[RedisStore]:
    """A store with keys of its own."""
    made = RedisStore(server.url, uuid.uuid4().hex)
    yield made
    made.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[StoreServer]:
    """A Redis that the test may do anything to."""
    with running_store(tmp_path / "own") as running:
        yield running


def admin(server: StoreServer) -> "redis.Redis":
    """A connection beside the store's."""
    return redis.Redis(port=server.port)


def until(question: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for a thread or a process to come so far."""
    end_s = time.monotonic() + timeout_s
    while not question():
        assert time.monotonic() < end_s, "it did not happen"
        threading.Event().wait(0.02)


def counted(store: RedisStore) -> int:
    """How many calls of today the shared ledger of Gemini holds."""
    limiter = RateLimiter(0, store=lambda: store)
    ledger = asyncio.run(limiter.ledger("gemini"))
    return sum(spent.calls for spent in ledger.spent.values())


# --- Keys and values -----------------------------------------------------------------------------


def test_nothing_is_immortal(store: RedisStore, server: StoreServer) -> None:
    """Answers, states and the marks of attempts all have an end."""
    store.put("key", Entry(b"x", 1.0))
    store.update("ledger:gemini", lambda _: b"1", attempt="one")
    store.update("flight:key", lambda _: b"1", keep_s=18)
    with admin(server) as client:
        keys: Any = client.keys(f"{store.prefix}:*")
        assert len(keys) == 4
        assert all(client.ttl(key) > 0 for key in keys)


def test_an_answer_is_forgotten_after_its_time(store: RedisStore) -> None:
    """The server does it."""
    store.put("key", Entry(b"x", 1.0), keep_s=0.05)
    until(lambda: store.get("key") is None)


def test_a_states_keys_are_in_one_slot_of_a_cluster(server: StoreServer, store: RedisStore) -> None:
    """A script may touch both."""
    store.update("ledger:gemini", lambda _: b"1", attempt="one")
    with admin(server) as client:
        keys: Any = client.keys(f"{store.prefix}:*")
    tags = {key.decode().split("{")[1].split("}")[0] for key in keys}
    assert (len(keys), tags) == (2, {"ledger:gemini"})


def test_c03_what_a_newer_version_wrote_is_left_as_it_is(
    server: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions that write differently do not see each other's keys, and delete none of them."""
    ours = RedisStore(server.url, "versions")
    monkeypatch.setattr("storage.redis.FORMAT", "2")
    newer = RedisStore(server.url, "versions")
    newer.put("key", Entry(b"new", 1.0))
    newer.update("ledger:gemini", lambda _: b"{}")
    assert ours.get("key") is None
    assert dict(ours.states()) == {}
    ours.put("key", Entry(b"old", 1.0))
    assert ours.clear() == 1
    assert newer.get("key") == Entry(b"new", 1.0)
    assert dict(newer.states()) == {"ledger:gemini": b"{}"}
    ours.close()
    newer.close()


def test_prefixes_keep_services_apart(server: StoreServer) -> None:
    """Also when one is a pattern that matches the other, and one is cleared."""
    one, other = RedisStore(server.url, "one?"), RedisStore(server.url, "one1")
    one.put("key", Entry(b"1", 1.0))
    other.put("key", Entry(b"2", 1.0))
    assert one.clear() == 1
    assert one.get("key") is None
    assert other.get("key") == Entry(b"2", 1.0)
    for each in (one, other):
        each.clear()
        each.close()


def test_an_answer_is_never_taken_for_anothers(store: RedisStore, server: StoreServer) -> None:
    """Whatever goes wrong between us and the server, a value says whose it is."""
    store.put("one", Entry(b"secret of one", 1.0))
    with admin(server) as client:
        (place,) = client.keys(f"{store.prefix}:*")
        client.copy(place, place.replace(b"one", b"two"))
        client.set(place.replace(b"one", b"three"), b"rubbish")
        client.set(place.replace(b"one", b"four"), b"four\nnot a number\nbody")
    assert store.get("one") == Entry(b"secret of one", 1.0)
    assert [store.get(key) for key in ("two", "three", "four")] == [None, None, None]


def test_an_answer_that_is_too_long_is_not_shared(store: RedisStore) -> None:
    """It would hold up the small ones."""
    store.put("key", Entry(b"x" * (LARGEST_ENTRY + 1), 1.0))
    assert store.get("key") is None
    store.put("key", Entry(b"x" * LARGEST_ENTRY, 1.0))
    assert store.get("key") is not None


def test_several_answers_take_one_round_trip(server: StoreServer) -> None:
    """But for those that are too long, which are left out."""
    with relayed(server) as (relay, url):
        store = RedisStore(f"{url}?socket_timeout=5", uuid.uuid4().hex)
        store.put("connects", Entry(b"x", 1.0))
        entries = [(f"key {n}", Entry(b"%d" % n, 1.0)) for n in range(20)]
        too_long = Entry(b"x" * (LARGEST_ENTRY + 1), 1.0)
        before = relay.questions
        store.put_all([*entries, ("long", too_long)], keep_s=60)
        assert relay.questions - before == 1
        assert [(key, store.get(key)) for key, _ in entries] == entries
        assert store.get("long") is None
        with admin(server) as client:
            left: Any = client.pttl(f"{store.prefix}:1:answer:key 19")
        assert 0 < left <= 60_000
        before = relay.questions
        store.put_all([("long", too_long)])
        assert relay.questions == before
        store.close()


def test_what_could_not_be_written_is_told_without_what_it_was(
    own_server: StoreServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The store is lost; an answer belongs to its asker, and not into the log."""
    store = RedisStore(own_server.quick_url)
    with admin(own_server) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(StoreLost, match="maxmemory") as lost:
            store.put_all([("key", Entry(b"an answer", 1.0)), ("other", Entry(b"another", 1.0))])
    told = f"{lost.value} {store.condition().lost} {caplog.text}"
    assert "answer" not in told
    assert "SET" not in told
    store.close()


def test_what_is_no_answer_of_ours_is_not_carried(store: RedisStore, server: StoreServer) -> None:
    """Damaged ones, and those that are gone by the time they are asked for."""
    entry = Entry(b"x", 1.0)
    store.put("whole", entry)
    with admin(server) as client:
        client.set(f"{store.prefix}:1:answer:damaged", b"rubbish")
        assert list(store.answers()) == [("whole", entry)]
        client.delete(f"{store.prefix}:1:answer:damaged")
    store.put_all([(f"key {n}", entry) for n in range(3)])
    answers = store.answers()
    assert next(answers)[1] == entry
    assert store.clear() == 4
    assert list(answers) == []


def test_only_an_address_leads_to_a_shared_store() -> None:
    """Without one there is none; a bad one is told at the start."""
    assert shared_store("", "prefix") is None
    store = shared_store("redis://127.0.0.1:6379/0", "prefix")
    assert isinstance(store, RedisStore)
    assert store.prefix == "prefix"
    with pytest.raises(ValueError, match="URL must specify"):
        shared_store("http://127.0.0.1", "prefix")
    with pytest.raises(ValueError, match=r"an option that is not known: .*colour"):
        shared_store("redis://127.0.0.1:6379/0?colour=red", "prefix")


def test_the_address_is_shown_without_its_password() -> None:
    """In the log and in the status."""
    store = RedisStore("rediss://user:secret@host:6380/2?ssl_ca_path=/secret", "x")
    assert store.place == "rediss://host:6380/2"


# --- Decisions -----------------------------------------------------------------------------------


def test_q07_an_attempt_that_was_made_is_not_made_again(store: RedisStore) -> None:
    """Under the same name; under another it is another."""

    def one_more(old: bytes | None) -> bytes:
        return str(int(old or 0) + 1).encode()

    for attempt in ("one", "one", "two"):
        store.update("n", one_more, attempt=attempt)
    assert dict(store.states()) == {"n": b"2"}


def test_a_change_is_computed_anew_when_somebody_was_quicker(store: RedisStore) -> None:
    """Nobody's write is lost."""
    rival = RedisStore(_url(store), store.prefix)
    seen: list[bytes | None] = []

    def change(old: bytes | None) -> bytes:
        seen.append(old)
        if len(seen) <= 2:
            rival.update("n", lambda _: f"rival {len(seen)}".encode())
        return b"ours"

    store.update("n", change)
    assert seen == [None, b"rival 1", b"rival 2"]
    assert dict(store.states()) == {"n": b"ours"}
    rival.close()


def _url(store: RedisStore) -> str:
    kwargs = store._pool.connection_kwargs
    return f"redis://{kwargs['host']}:{kwargs['port']}/0?socket_timeout=5"


def test_a_change_is_given_up_where_others_are_always_quicker(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they wrote stays. The store is not lost by that."""
    monkeypatch.setattr("storage.redis.MOST_TURNS", 3)
    other, turns = RedisStore(_url(store), store.prefix), itertools.count(1)

    def change(_: bytes | None) -> bytes:
        other.update("n", lambda _: b"theirs %d" % next(turns))
        return b"ours"

    with pytest.raises(OSError, match="n: others changed it 3 times meanwhile"):
        store.update("n", change)
    assert dict(store.states()) == {"n": b"theirs 3"}
    assert store.condition().lost == ""
    other.close()


def test_scripts_that_the_server_has_forgotten_are_sent_again(
    store: RedisStore, server: StoreServer
) -> None:
    """As after its restart."""
    store.update("n", lambda _: b"1")
    with admin(server) as client:
        client.script_flush()
    store.update("n", lambda old: (old or b"") + b"2")
    assert dict(store.states()) == {"n": b"12"}


def test_p07_connections_that_have_died_meanwhile_are_replaced(
    store: RedisStore, server: StoreServer
) -> None:
    """The server closes what is idle, and after a long freeze nobody has noticed yet."""
    store.put("key", Entry(b"kept", 1.0))
    for _ in range(3):
        with admin(server) as client:
            assert client.client_kill_filter(_type="normal", skipme=True) >= 1
        assert store.get("key") == Entry(b"kept", 1.0)
        store.update("n", lambda old: (old or b"") + b"1")
        assert store.condition().lost == ""
    assert dict(store.states()) == {"n": b"111"}


def test_the_clock_is_the_servers(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose clock is wrong by an hour decides at the same moment as the others."""
    monkeypatch.setattr("time.time", lambda: 3600.0)
    store.get("anything")
    moment = store.now(SYSTEM_CLOCK)
    seconds, micros = store._client.time()
    assert moment.epoch_s == pytest.approx(seconds + micros / 1e6, abs=0.5)
    assert moment.boot_id == "shared"


def test_a_cached_answer_takes_one_round_trip(server: StoreServer) -> None:
    """However it is looked up; and a decision takes two."""
    with relayed(server) as (relay, url):
        store = RedisStore(f"{url}?socket_timeout=5", uuid.uuid4().hex)
        cache = ResponseCache(store=store)
        cache.set("key", {"text": "é"})
        before = relay.questions
        found = asyncio.run(cache.find("key"))
        assert found is not None
        assert found.value == {"text": "é"}
        assert relay.questions - before == 1
        store.update("n", lambda _: b"1", attempt="one")  # brings the script
        before = relay.questions
        store.update("n", lambda _: b"2", attempt="two")
        assert relay.questions - before == 2
        store.close()


def test_processes_share_one_interval(server: StoreServer) -> None:
    """Four processes reserve for a while; the grants are never closer than the interval."""
    program = (
        "import asyncio, sys, time\n"
        "from rate_limiter import RateLimiter; from storage.redis import RedisStore\n"
        "from storage.ledger import Allowance\n"
        "store = RedisStore(sys.argv[1], sys.argv[2])\n"
        "limiter = RateLimiter(0.2, store=lambda: store)\n"
        "async def work():\n"
        "    end = time.monotonic() + 1.5\n"
        "    while time.monotonic() < end:\n"
        "        before = time.monotonic()\n"
        "        slot = await limiter.reserve(Allowance('gemini'))\n"
        "        if slot.granted: print(before, time.monotonic(), flush=True)\n"
        "        else: await asyncio.sleep(slot.wait.duration_s)\n"
        "asyncio.run(work())\n"
    )
    command = [sys.executable, "-c", program, server.url, uuid.uuid4().hex]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    grants = sorted(
        tuple(map(float, line.split()))
        for worker in workers
        for line in worker.communicate(timeout=60)[0].splitlines()
    )
    assert len(grants) >= 5
    # The stamp lies between the two moments that the worker noted around it.
    assert all(b[1] - a[0] >= 0.2 for a, b in itertools.pairwise(grants))


@pytest.mark.anyio
async def test_equal_misses_of_two_instances_are_worked_on_once(store: RedisStore) -> None:
    """The other one is given what the first has stored."""
    stores = [RedisStore(_url(store), store.prefix) for _ in range(3)]
    caches = [ResponseCache(store=each) for each in stores]
    begun, gate, worked = asyncio.Event(), asyncio.Event(), []

    async def work(cache: ResponseCache) -> object:
        async with cache.leading("key", lambda: cache.find("key")) as found:
            if found is not None:
                return found.value
            worked.append(cache)
            begun.set()
            await gate.wait()
            await cache.keep("key", "answer")
            return "answer"

    tasks = [asyncio.create_task(work(cache)) for cache in caches]
    await begun.wait()
    await asyncio.sleep(0.3)  # the losers poll
    gate.set()
    assert await asyncio.gather(*tasks) == ["answer"] * 3
    assert len(worked) == 1
    assert dict(store.states()) == {}
    for each in stores:
        each.close()


# --- Lost ----------------------------------------------------------------------------------------


def test_a_lost_store_fails_at_once_says_so_once_and_is_found_again(
    own_server: StoreServer, caplog: pytest.LogCaptureFixture
) -> None:
    """kill -9, and a new start on the same address."""
    store = RedisStore(own_server.quick_url)
    store.update("n", lambda _: b"1")
    back = threading.Event()
    own_server.kill()
    with pytest.raises(StoreLost):
        store.get("key")
    store.when_back(back.set)
    begin_s = time.monotonic()
    for _ in range(200):
        with pytest.raises(StoreLost):
            store.update("n", lambda _: b"2")
    assert time.monotonic() - begin_s < 1
    assert "refused" in store.condition().lost or "closed" in store.condition().lost
    assert not back.is_set()
    own_server.start()
    assert back.wait(10)
    assert store.condition().lost == ""
    store.update("n", lambda _: b"3")
    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert [line.split()[0] for line in lines] == ["🔴", "🟢"]
    store.close()


def test_a_store_that_does_not_answer_is_lost_after_a_quarter_of_a_second(
    own_server: StoreServer,
) -> None:
    """It accepts connections, and nothing comes."""
    store = RedisStore(own_server.quick_url)
    store.put("key", Entry(b"x", 1.0))
    with own_server.stopped():
        begin_s = time.monotonic()
        with pytest.raises(StoreLost):
            store.get("key")
        assert REPLY_TIMEOUT_S * 0.9 < time.monotonic() - begin_s < 2
    until(lambda: not store.condition().lost)
    assert store.get("key") == Entry(b"x", 1.0)
    store.close()


@pytest.mark.parametrize("trouble", ["read only", "out of memory"])
def test_a_store_that_refuses_writes_is_lost_but_can_be_read(
    own_server: StoreServer, trouble: str
) -> None:
    """After a failover to a replica, or when its memory is full."""
    store = RedisStore(own_server.quick_url)
    store.put("key", Entry(b"x", 1.0))
    with admin(own_server) as client:
        if trouble == "read only":
            client.replicaof("127.0.0.1", "1")
        else:
            client.config_set("maxmemory", "1")
        with pytest.raises(StoreLost):
            store.update("n", lambda _: b"1")
        assert store.condition().lost
        assert store.get("key") == Entry(b"x", 1.0)
        with pytest.raises(StoreLost):
            store.update("n", lambda _: b"1")
        if trouble == "read only":
            client.replicaof("NO", "ONE")
        else:
            client.config_set("maxmemory", "0")
    until(lambda: not store.condition().lost)
    store.update("n", lambda _: b"1")
    store.close()


def test_a_wrong_password_is_a_loss_that_names_no_password(
    own_server: StoreServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The service runs, alone, and says why."""
    with admin(own_server) as client:
        client.config_set("requirepass", "right")
    store = RedisStore(own_server.quick_url.replace("//", "//:wrong-secret@"))
    with pytest.raises(StoreLost, match=r"(?i)password"):
        store.get("key")
    assert "wrong-secret" not in caplog.text + store.condition().lost
    store.close()


def test_a_user_with_only_what_is_documented_can_do_everything(own_server: StoreServer) -> None:
    """The access list of docs/FLEET.md."""
    page = (Path(__file__).parents[2] / "docs" / "FLEET.md").read_text()
    (line,) = [each for each in page.splitlines() if each.startswith("ACL SETUSER trimaran")]
    with admin(own_server) as client:
        client.execute_command(*line.replace("PASSWORD", "right").split())
    url = own_server.url.replace("//", "//trimaran:right@")
    store = RedisStore(url)
    store.put("key", Entry(b"x", 1.0))
    store.update("n", lambda _: b"1", attempt="one")
    store.update("n", lambda _: b"")
    assert store.get("key") == Entry(b"x", 1.0)
    assert store.holdings().entries > 0
    assert len(list(store.answers())) == 1
    assert store.clear() == 1
    store._probe()
    assert store.condition().lost == ""
    store.close()


def test_what_a_user_may_not_read_is_told_and_what_he_may_not_write_is_a_loss(
    own_server: StoreServer,
) -> None:
    """Statistics can be forbidden; the service works all the same."""
    with admin(own_server) as client:
        allowed = ["~*", "resetchannels", "+@all", "-info", "-unlink"]
        client.execute_command("ACL", "SETUSER", "half", "on", ">right", *allowed)
    store = RedisStore(own_server.url.replace("//", "//half:right@"))
    store.put("key", Entry(b"x", 1.0))
    with pytest.raises(PermissionError, match=r"redis://127\.0\.0\.1:\d+/0: .*info"):
        store.holdings()
    assert store.condition().lost == ""
    with pytest.raises(StoreLost, match="unlink"):
        store.clear()
    assert store.condition().lost
    store.close()


def test_a_lost_store_is_looked_for_until_it_is_there(
    own_server: StoreServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is not; that much is no news."""
    monkeypatch.setattr("storage.redis.PROBE_EVERY_S", 0.02)
    caplog.set_level(logging.DEBUG, "trimaran.storage")
    store = RedisStore(own_server.quick_url)
    own_server.kill()
    with pytest.raises(StoreLost):
        store.get("key")
    until(lambda: caplog.text.count("is still lost") >= 3)
    own_server.start()
    until(lambda: not store.condition().lost)
    levels = [r.levelno for r in caplog.records if "is still lost" in r.getMessage()]
    assert set(levels) == {logging.DEBUG}
    store.close()


def test_a_store_behind_tls_has_to_show_its_certificate(tmp_path: Path) -> None:
    """Of an authority that we trust; another's is a loss."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2"
    subprocess.run(
        [
            *(program("openssl"), *command.split(), "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    port = free_port()
    options = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    url = f"rediss://localhost:{port}/0?socket_timeout=5&socket_connect_timeout=5"
    with running_store(tmp_path / "tls", *options, *files):
        trusting = RedisStore(f"{url}&ssl_ca_certs={certificate}")
        trusting.put("key", Entry(b"x", 1.0))
        assert trusting.get("key") == Entry(b"x", 1.0)
        trusting.close()
        careful = RedisStore(url)
        with pytest.raises(StoreLost, match="certificate"):
            careful.get("key")
        careful.close()


def test_q07_a_reply_that_comes_too_late_is_counted_once(own_server: StoreServer) -> None:
    """The script had been run: the call is granted alone, and not entered a second time."""
    direct = RedisStore(own_server.url)
    with relayed(own_server) as (relay, url):
        slow = RedisStore(url)
        limiter = RateLimiter(0, store=lambda: slow)

        def reserve() -> bool:
            return asyncio.run(limiter.reserve(DAILY)).granted is not None

        assert reserve()
        relay.slow_word, relay.delay_s = b"EVALSHA", 2 * REPLY_TIMEOUT_S
        assert reserve()
        assert limiter.is_alone
        assert counted(direct) == 2  # although its reply never came
        assert reserve()
        relay.slow_word = b""
        until(lambda: not limiter.is_alone)
        assert counted(direct) == 3
        assert reserve()
        assert counted(direct) == 4
        slow.close()
    direct.close()


def test_the_event_loop_is_never_held_up(own_server: StoreServer) -> None:
    """I16: not by a store that does not answer, whatever is asked of it."""
    store = RedisStore(f"{own_server.quick_url}?socket_timeout=1")
    cache, limiter = ResponseCache(store=store), RateLimiter(0, store=lambda: store)
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            begin_s = time.monotonic()
            await asyncio.sleep(0.005)
            longest_s = max(longest_s, time.monotonic() - begin_s)

    async def main() -> None:
        watching = asyncio.create_task(watch())
        await cache.find("key")
        with own_server.stopped():
            await asyncio.gather(
                cache.find("key"), cache.keep("key", 1), limiter.reserve(DAILY), cache.find("two")
            )
        watching.cancel()

    asyncio.run(main())
    assert longest_s < 0.7
    store.close()
