"""The synchronous doorway, as somebody at a prompt uses it."""

import asyncio
import inspect
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clock import SYSTEM_CLOCK
from providers import CATALOGUE, Access, Entry
from providers.errors import FailureKind, ProviderError
from providers.repl import Ask, doorway
from rate_limiter import RateLimiter
from sandbox.running import RunningSandbox
from storage.ledger import Allowance
from tests.providers.asking import (
    ENTRIES,
    KEY,
    AccessOf,
    Conversation,
    listening,
    read_request,
    saying,
    self_signed,
)

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Say hello"},
]


class Stamps:
    """Counts how often each provider is stamped, from any thread."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def stamp(self, allowance: Allowance) -> None:
        self.names.append(allowance.account)


@pytest.fixture
def stamps() -> Stamps:
    return Stamps()


@pytest.fixture
def ask(entry: Entry, access_of: AccessOf, stamps: Stamps) -> Ask:
    """Each provider's doorway in turn."""
    return doorway(entry, access_of(entry.identity.name), stamps)


def test_the_answer_has_exactly_the_guides_shape(
    ask: Ask, entry: Entry, sandbox: RunningSandbox
) -> None:
    sandbox.reply(entry.identity.name, "Hello.")
    assert ask(MESSAGES) == {"choices": [{"message": {"content": "Hello.", "role": "assistant"}}]}


def test_parameters_reach_the_provider(ask: Ask, entry: Entry, sandbox: RunningSandbox) -> None:
    ask(MESSAGES, max_tokens=64, temperature=0.25)
    (call,) = sandbox.calls(entry.identity.name)
    assert "0.25" in str(call.request)
    assert "64" in str(call.request)
    assert "Be brief." in str(call.request)


def test_an_unknown_parameter_is_refused_before_anything_is_sent(
    ask: Ask, sandbox: RunningSandbox, stamps: Stamps
) -> None:
    with pytest.raises(TypeError, match="colour"):
        ask(MESSAGES, colour="red")
    assert (sandbox.log, stamps.names) == ([], [])


@pytest.mark.anyio
async def test_it_works_inside_a_running_event_loop(ask: Ask) -> None:
    """As in a notebook, where a loop is always running."""
    assert asyncio.get_running_loop().is_running()
    assert ask(MESSAGES)["choices"][0]["message"]["role"] == "assistant"


def test_four_threads_may_ask_at_once(ask: Ask, stamps: Stamps, entry: Entry) -> None:
    together = threading.Barrier(4)

    def ask_for(number: int) -> str:
        together.wait(timeout=20)
        reply = ask([{"role": "user", "content": f"Number {number}"}])
        return str(reply["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask_for, range(4)))
    assert [f"Number {number}" in answer for number, answer in enumerate(answers)] == [True] * 4
    assert stamps.names == [entry.identity.name] * 4


@pytest.mark.parametrize("access", [Access(), Access(account_id="account-1")])
def test_a_missing_key_names_the_variables(entry: Entry, access: Access, stamps: Stamps) -> None:
    with pytest.raises(RuntimeError) as caught:
        doorway(entry, access, stamps)(MESSAGES)
    for name in entry.needs:
        assert name in str(caught.value)
    assert stamps.names == []


def test_cloudflare_without_its_account_names_the_account(stamps: Stamps) -> None:
    with pytest.raises(RuntimeError, match="CLOUDFLARE_ACCOUNT_ID"):
        doorway(CATALOGUE[2], Access(key=KEY), stamps)(MESSAGES)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 401}, FailureKind.AUTH),
        ({"status": 503}, FailureKind.OVERLOADED),
        ({"html": True}, FailureKind.SERVER_ERROR),
        ({"malformed": True}, FailureKind.BAD_BODY),
        ({"status": 200, "body": [1]}, FailureKind.BAD_BODY),
        ({"status": 200, "body": {"choices": [7], "candidates": [7]}}, FailureKind.BAD_BODY),
        ({"redirect": True}, FailureKind.REDIRECT),
        ({"reset": True}, FailureKind.RESET),
        ({"short_content_length": True}, FailureKind.BAD_BODY),
        ({"blocked": True}, FailureKind.CONTENT_FILTER),
    ],
)
def test_a_failing_provider_raises_why_it_failed_and_not_the_key(
    ask: Ask,
    entry: Entry,
    access_of: AccessOf,
    sandbox: RunningSandbox,
    stamps: Stamps,
    fault: dict[str, Any],
    kind: FailureKind,
) -> None:
    sandbox.fail(entry.identity.name, **fault)
    with pytest.raises(ProviderError) as caught:
        ask(MESSAGES)
    assert caught.value.kind is kind
    printed = "".join(traceback.format_exception(caught.value))
    assert access_of(entry.identity.name).key not in printed + repr(caught.value)
    assert stamps.names == [entry.identity.name]
    assert len(sandbox.log) == 1


@pytest.mark.parametrize("name", ["gemini", "openrouter", "cloudflare"])
def test_of_several_keys_the_next_one_is_used_when_one_is_refused(
    name: str, access_of: AccessOf, stamps: Stamps, sandbox: RunningSandbox
) -> None:
    """With the same model; other failures are not taken elsewhere."""
    right = access_of(name)
    ask = doorway(ENTRIES[name], replace(right, key=f"{KEY},{right.key}"), stamps)
    assert ask(MESSAGES)["choices"]
    assert stamps.names == [name] * 2
    assert len({call.model for call in sandbox.calls(name)}) == 1
    two_good = doorway(ENTRIES[name], replace(right, key=f"{right.key},{KEY}"), stamps)
    sandbox.fail(name, status=503)
    with pytest.raises(ProviderError) as caught:
        two_good(MESSAGES)
    assert caught.value.kind is FailureKind.OVERLOADED
    assert len(sandbox.calls(name)) == 3


def test_a_wrong_key_is_refused_and_not_printed(
    entry: Entry, access_of: AccessOf, stamps: Stamps
) -> None:
    right = access_of(entry.identity.name)
    wrong = Access(f"sk-or-{KEY}", right.models, right.base_url, right.account_id)
    with pytest.raises(ProviderError) as caught:
        doorway(entry, wrong, stamps)(MESSAGES)
    assert caught.value.kind is FailureKind.AUTH
    assert KEY not in "".join(traceback.format_exception(caught.value))


async def _failure(converse: Conversation, **options: Any) -> ProviderError:
    """How the doorway fails when Gemini's address is served by *converse*."""
    async with listening(converse, **options) as url:
        ask = doorway(CATALOGUE[0], Access(KEY, base_url=url), Stamps())
        with pytest.raises(ProviderError) as caught:
            await asyncio.to_thread(ask, MESSAGES)
    return caught.value


async def _say_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await reader.read()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.anyio
@pytest.mark.parametrize("converse", [_say_nothing, _say_half], ids=["mute", "mid body"])
async def test_t04_silence_times_out_before_and_within_the_body(
    converse: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.repl.TIMEOUT_S", (10, 0.2))
    assert (await _failure(converse)).kind is FailureKind.TIMEOUT


@pytest.mark.anyio
async def test_b09_a_body_that_is_not_what_its_encoding_says_is_unreadable() -> None:
    headers = "content-type: application/json\r\ncontent-encoding: gzip"
    assert (await _failure(saying(b"{}", headers=headers))).kind is FailureKind.BAD_BODY


@pytest.mark.anyio
async def test_t06_a_certificate_nobody_vouches_for_gets_no_request(tmp_path: Path) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())

    assert (await _failure(listen, tls=self_signed(tmp_path))).kind is FailureKind.TLS
    assert not heard


def test_t01_a_refused_connection_was_not_sent(entry: Entry, stamps: Stamps) -> None:
    nowhere = Access(KEY, base_url="http://127.0.0.1:1", account_id="account-1")
    with pytest.raises(ProviderError) as caught:
        doorway(entry, nowhere, stamps)(MESSAGES)
    assert caught.value.kind is FailureKind.NOT_SENT
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_t10_proxies_in_the_environment_are_ignored(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert ask(MESSAGES)


@pytest.mark.anyio
async def test_the_services_limiter_keeps_its_interval_after_a_call(
    entry: Entry, access_of: AccessOf
) -> None:
    limiter = RateLimiter(60, clock=SYSTEM_CLOCK)
    access = access_of(entry.identity.name)
    await asyncio.to_thread(doorway(entry, access, limiter), MESSAGES)
    slot = await limiter.reserve(entry.ladder(access)[0][1].allowance)
    assert slot.granted is None
    assert 0 < slot.wait.duration_s <= 60


def test_help_tells_whom_it_asks(ask: Ask, entry: Entry) -> None:
    assert ask.__name__ == f"call_{entry.identity.name}_api"
    assert entry.identity.label in str(inspect.getdoc(ask))
