"""Check the setup: `python test_multi_provider.py` says what works, and what to do about the rest.

Asks every provider that has a key for a short answer, under each of its keys, and looks at the cache,
the store, speech, PDF pages and their fonts, the web search, the clock, and at who may call. What
is not configured is skipped.
Exits with 0 when all that is configured works and somebody can answer (a provider, or the embedded
model), else with 1.
"""

import asyncio
import sys
import tempfile
import time
import uuid
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from cache import Freshness, ResponseCache
from clock import SYSTEM_CLOCK
from endpoints.security import Rules
from planning.content import Document, Prose, Section
from planning.render.errors import RenderError
from planning.render.printer import Printer
from planning.research import NoSearch, Search
from planning.speech import Speaker
from planning.voices.base import Engine, SpeechFailed, Utterance
from providers import CATALOGUE, Access, Entry
from providers.errors import FailureKind, ProviderError
from providers.local import LocalModel
from providers.repl import doorway
from rate_limiter import RateLimiter
from storage import Store

LARGEST_SKEW_S = 5.0  # between this machine's clock and the shared store's
NEVER_BEFORE_S = 1_790_000_000.0  # epoch seconds; a clock that shows less is not set
MESSAGES = [
    {"role": "system", "content": "You are helpful."},
    {"role": "user", "content": "Say hello!"},
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it: *ok* is None for what was skipped."""

    subject: str
    ok: bool | None
    detail: str
    advice: str = ""

    def __str__(self) -> str:
        mark = {True: "✅", False: "❌", None: "➖"}[self.ok]
        told = f"{mark} {self.subject}: {self.detail}"
        return f"{told}\n   → {self.advice}" if self.advice else told


@dataclass(frozen=True, slots=True)
class House:
    """What the service has beside its providers, as `main` has built it."""

    store: Store
    search: Search
    speaker: Speaker
    rules: Rules
    printer: Printer
    is_shared: bool = False  # whether the store is to be a fleet's


ADVICE = {
    FailureKind.AUTH: "put a valid key into {needs}, and restart",
    FailureKind.ACCESS: "the key is good, but not for this: see the provider's console",
    FailureKind.CREDITS: "the account has no credits: see the provider's console",
    FailureKind.NOT_SENT: "check the network, OUTBOUND_PROXY, and {prefix}_BASE_URL if it is set",
    FailureKind.TLS: "check the clock, and who intercepts TLS on the way",
    FailureKind.MINUTE_LIMIT: "wait a minute; somebody else may be using the same key",
    FailureKind.MODEL_GONE: "name another model in {prefix}_MODEL",
}
OTHERWISE = "docs/TROUBLESHOOTING.md says what it means; the service asks the next provider"


def check_provider(
    entry: Entry, access: Access, limiter: RateLimiter, proxy: str
) -> Iterator[Finding]:
    """Ask one provider for a short answer, under each of its keys."""
    label, keys = entry.identity.label, access.keys
    if access.left_out:
        yield Finding(label, None, f"left out: {access.left_out}")
    elif not entry.is_configured(access):
        yield Finding(label, None, f"not configured (set {' and '.join(entry.needs)})")
    elif len(keys) <= 1:
        yield ask(entry, access, limiter, proxy, label)
    else:
        for place, key in enumerate(keys, start=1):
            subject = f"{label}, key {place} of {len(keys)}"
            yield ask(entry, replace(access, key=key), limiter, proxy, subject)


def ask(entry: Entry, access: Access, limiter: RateLimiter, proxy: str, subject: str) -> Finding:
    """Ask one provider under one key."""
    begin_s = time.monotonic()
    try:
        reply = doorway(entry, access, limiter, proxy)(MESSAGES, max_tokens=256)
    except ProviderError as error:
        advice = ADVICE.get(error.kind, OTHERWISE)
        named = advice.format(needs=" and ".join(entry.needs), prefix=entry.prefix)
        return Finding(subject, False, str(error), named)
    answer = " ".join(reply["choices"][0]["message"]["content"].split())
    return Finding(subject, True, f"answered in {time.monotonic() - begin_s:.1f} s: {answer[:60]}")


def check_cache() -> Finding:
    """Write an answer, read it back, and read it again from the file."""
    with tempfile.TemporaryDirectory() as folder:
        cache = ResponseCache(cache_dir=folder, ttl_hours=24)
        cache.set("question", {"answer": "kept"})
        cache.close()
        again = ResponseCache(cache_dir=folder, ttl_hours=24)
        kept = again.get("question") == {"answer": "kept"}
        again.close()
    return Finding("Cache", kept, "keeps answers across restarts" if kept else "loses answers")


def check_local_model() -> Finding:
    """Whether the embedded model could answer without keys."""
    installed = LocalModel.is_installed()
    detail = "installed" if installed else "not installed (docs/QUICK_START.md says how)"
    return Finding("Embedded model", installed or None, detail)


def check_store(store: Store, *, is_shared: bool) -> Finding:
    """Write a state, read it back, and remove it."""
    subject = "Store"
    name, word = f"check:{uuid.uuid4().hex}", uuid.uuid4().hex.encode()
    seen: list[bytes | None] = []

    def look(there: bytes | None) -> bytes:
        seen.append(there)
        return b""  # removes it

    try:
        store.update(name, lambda _: word)
        store.update(name, look)
        place = store.holdings().place
    except OSError as error:
        advice = (
            "check REDIS_URL, and that the server takes writes (docs/FLEET.md)"
            if is_shared
            else "check that CACHE_DIR can be written, and that the disk is not full"
        )
        return Finding(subject, False, str(error), advice)
    if not seen or seen[-1] != word:
        return Finding(subject, False, f"{place} does not keep what is written")
    if store.condition().kind == "memory":
        advice = "let CACHE_DIR be a directory that can be written"
        return Finding(subject, False, "in memory only: limits and answers end with it", advice)
    return Finding(subject, True, f"can be written: {place}")


async def check_engine(engine: Engine) -> Finding:
    """Let one voice say one word, which costs a paid one three characters."""
    try:
        sound = await engine.speak(Utterance("Hi.", engine.voice("") or "", "en"))
    except SpeechFailed as failed:
        return Finding(engine.label, False, str(failed), "docs/SPEECH.md says what to do")
    return Finding(engine.label, True, f"spoke for {sound.seconds:.1f} s")


async def check_pages(printer: Printer) -> Finding:
    """Make a page with the scripts that documents come in, in the fonts that there are."""
    prose = Prose("Plan. План. Σχέδιο. خطة. योजना.")
    page = Document(
        type="pitch",
        title="Fonts",
        subtitle="",
        venture="",
        language="en",
        currency="USD",
        written_on=date(2027, 1, 1),
        sections=(Section("pitch", "Fonts", (prose,)),),
    )
    try:
        file = await printer.pdf(page)
    except RenderError as error:
        advice = "pip install -r requirements.txt; check PDF_FONT_CJK if it is set"
        return Finding("Pages and fonts", False, str(error), advice)
    own = " and your own font" if printer.extra_font else ""
    return Finding("Pages and fonts", True, f"a PDF of {len(file):,} bytes in five scripts{own}")


async def check_search(search: Search) -> Finding:
    """Look something up that everybody knows."""
    if isinstance(search, NoSearch):
        return Finding("Web search", None, "off (SEARCH=off)")
    found = await search.find("solar energy", Freshness(may_read=False, may_store=False))
    if found.sources:
        return Finding("Web search", True, f"found {len(found.sources)} sources")
    advice = "documents come without sources meanwhile; check the network, or set SEARCH=off"
    return Finding("Web search", False, found.error or "nothing was found", advice)


def check_door(rules: Rules) -> Finding:
    """Who may call."""
    if rules.keys:
        return Finding("Who may call", True, f"whoever shows one of {len(rules.keys)} key(s)")
    if rules.allow_anonymous:
        caps = rules.of_all_anonymous.per_day, rules.per_address.per_day
        detail = "anybody, {} times a day in all and {} from one address".format(*caps)
        return Finding("Who may call", True, detail)
    advice = "set TRIMARAN_API_KEYS or ALLOW_ANONYMOUS=1 (docs/SECURITY.md)"
    if rules.trusts_all:
        return Finding("Who may call", False, "nobody: all come through a proxy", advice)
    return Finding("Who may call", True, "this machine only")


def check_clock(store: Store) -> Finding:
    """Whether the clock is set, agrees with a shared store's, and knows where days end."""
    now_s = time.time()
    if now_s < NEVER_BEFORE_S:
        return Finding("Clock", False, f"it shows {time.ctime(now_s)}", "set it; let NTP keep it")
    for zone in sorted({entry.tier.zone for entry in CATALOGUE}):
        try:
            zoneinfo.ZoneInfo(zone)
        except zoneinfo.ZoneInfoNotFoundError:
            return Finding("Clock", False, f"{zone} is not known", "pip install tzdata")
    skew_s = abs(store.now(SYSTEM_CLOCK).epoch_s - now_s)
    if skew_s > LARGEST_SKEW_S:
        detail = f"{skew_s:.0f} s apart from the shared store's, which is the one that counts"
        return Finding("Clock", False, detail, "let NTP keep both")
    return Finding("Clock", True, "is set, and knows the providers' time zones")


async def check_outside(house: House) -> list[Finding]:
    """Speech, pages and search, in one event loop."""
    try:
        spoken = [await check_engine(engine) for engine in house.speaker.engines]
        pages = await check_pages(house.printer)
        return [*(spoken or [NO_SPEECH]), pages, await check_search(house.search)]
    finally:
        await house.printer.aclose()
        await house.speaker.aclose()


NO_SPEECH = Finding("Speech", None, "no engine (set ELEVENLABS_API_KEY, or see docs/SPEECH.md)")


def findings(
    access: Mapping[str, Access], limiter: RateLimiter, proxy: str, house: House | None
) -> Iterator[Finding]:
    """Every check, one after the other."""
    for entry in CATALOGUE:
        yield from check_provider(entry, access[entry.identity.name], limiter, proxy)
    yield check_local_model()
    yield check_cache()
    if house is not None:
        yield check_store(house.store, is_shared=house.is_shared)
        yield check_clock(house.store)
        yield check_door(house.rules)
        yield from asyncio.run(check_outside(house))


def run(
    access: Mapping[str, Access],
    limiter: RateLimiter,
    say: Callable[[str], None],
    house: House | None = None,
    proxy: str = "",
) -> int:
    """Check everything, say what was found, and give the exit code."""
    found = []
    for finding in findings(access, limiter, proxy, house):
        say(str(finding))
        found.append(finding)
    names = [f.subject for f in found]
    of_providers = found[: names.index("Embedded model")]
    if all(finding.ok is None for finding in of_providers):
        say("No LLM API keys configured: add at least one to .env, see docs/QUICK_START.md")
    answering = [finding for finding in found[: len(of_providers) + 1] if finding.ok]
    return 0 if answering and all(finding.ok is not False for finding in found) else 1


def test_without_keys_everything_is_skipped_but_the_cache() -> None:
    """No key is needed to collect and run this file with pytest."""
    said: list[str] = []
    nothing = {entry.identity.name: Access() for entry in CATALOGUE}
    assert run(nothing, RateLimiter(60), said.append) == (0 if LocalModel.is_installed() else 1)
    assert sum("not configured" in line for line in said) == len(CATALOGUE)
    assert "✅ Cache: keeps answers across restarts" in said


if __name__ == "__main__":
    import main

    house = House(
        main.cache.store,
        main.search,
        main.speaker,
        main.rules,
        main.printer,
        is_shared=bool(main.settings.shared_store_url),
    )
    sys.exit(run(main.access, main.rate_limiter, print, house, main.settings.proxy))
