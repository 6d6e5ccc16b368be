"""Check the setup, provider by provider: `python test_multi_provider.py`.

Says for each provider whether it is configured, reachable and how quick it is, then whether the
cache works. What is not configured is skipped. Exits with 0 when all that is configured works and
somebody can answer (a provider, or the embedded model), else with 1.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from cache import ResponseCache
from providers import CATALOGUE, Access, Entry
from providers.errors import ProviderError
from providers.local import LocalModel
from providers.repl import doorway
from rate_limiter import RateLimiter

MESSAGES = [
    {"role": "system", "content": "You are helpful."},
    {"role": "user", "content": "Say hello!"},
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: *ok* is None for what was skipped."""

    subject: str
    ok: bool | None
    detail: str

    def __str__(self) -> str:
        mark = {True: "✅", False: "❌", None: "➖"}[self.ok]
        return f"{mark} {self.subject}: {self.detail}"


def check_provider(entry: Entry, access: Access, limiter: RateLimiter) -> Iterator[Finding]:
    """Ask one provider for a short answer, under each of its keys."""
    label, keys = entry.identity.label, access.keys
    if not entry.is_configured(access):
        yield Finding(label, None, f"not configured (set {' and '.join(entry.needs)})")
    elif len(keys) <= 1:
        yield ask(entry, access, limiter, label)
    else:
        for place, key in enumerate(keys, start=1):
            subject = f"{label}, key {place} of {len(keys)}"
            yield ask(entry, replace(access, key=key), limiter, subject)


def ask(entry: Entry, access: Access, limiter: RateLimiter, subject: str) -> Finding:
    """Ask one provider under one key."""
    begin_s = time.monotonic()
    try:
        reply = doorway(entry, access, limiter)(MESSAGES, max_tokens=256)
    except ProviderError as error:
        return Finding(subject, False, str(error))
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


def findings(access: Mapping[str, Access], limiter: RateLimiter) -> Iterator[Finding]:
    """Every check, one after the other."""
    for entry in CATALOGUE:
        yield from check_provider(entry, access[entry.identity.name], limiter)
    yield check_local_model()
    yield check_cache()


def run(access: Mapping[str, Access], limiter: RateLimiter, say: Callable[[str], None]) -> int:
    """Check everything, say what was found, and give the exit code."""
    found = []
    for finding in findings(access, limiter):
        say(str(finding))
        found.append(finding)
    *of_providers, _, _ = found  # the last two are the embedded model and the cache
    answering = [finding for finding in found if finding.subject != "Cache" and finding.ok]
    if all(finding.ok is None for finding in of_providers):
        say("No LLM API keys configured: add at least one to .env, see docs/QUICK_START.md")
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

    sys.exit(run(main.access, main.rate_limiter, print))
