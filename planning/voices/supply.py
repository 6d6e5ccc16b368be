"""The supply of sounds: kept ones first; what is on hold is not asked, and nothing is paid for twice.

A sound that is being made is shared by all who want it. One that is paid for is made to its end
and kept, also when everybody who wanted it has left meanwhile.
"""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from cache import Cached, Freshness, ResponseCache
from callers import CALLER
from failover import SHORT_HINT_S, VERDICTS
from planning.voices.base import Engine, Sound, SpeechFailed, Stretch, Utterance
from providers.errors import FailureKind
from rate_limiter import NOTHING, Correction, RateLimiter
from storage.ledger import ACCOUNT, Allowance, Limits

log = logging.getLogger("trimaran.speech")

K = FailureKind
LARGEST_CACHED = 12 << 20  # bytes of JSON; over three minutes of samples
FIRST_HOLD_S, LONGEST_HOLD_S = 5.0, 300.0  # after a failure that does not say when it will be over
OF_A_VOICE = frozenset({K.NO_FREE_QUOTA, K.MODEL_GONE})  # another voice may still work
MAKE = 1  # of the cached form of a sound; raised when that form changes


@dataclass(slots=True)
class Bill:
    """What a request has cost so far: sounds *made* and *joined*, and paid *characters*."""

    made: int = 0
    joined: int = 0
    characters: int = 0

    @property
    def cache(self) -> str:
        """The cache's part in it: `HIT`, `MISS` or `JOINED`."""
        if self.made:
            return "MISS"
        return "JOINED" if self.joined else "HIT"


@dataclass(slots=True)
class Supply:
    """Sounds from the cache or from an engine; holds are kept beside those of the LLM providers."""

    cache: ResponseCache
    limiter: RateLimiter
    _purchases: dict[str, asyncio.Task[Sound]] = field(default_factory=dict)

    async def sound(
        self, engine: Engine, utterance: Utterance, freshness: Freshness, bill: Bill
    ) -> Sound:
        """The sound of *utterance* by *engine*. Raises `SpeechFailed`."""
        key = CALLER.get().scoped(sound_key(engine, utterance))

        async def find() -> Cached | None:
            if not freshness.may_read:
                return None
            cached = await asyncio.to_thread(self.cache.look_up, key)
            return cached if cached is not None and freshness.accepts(cached) else None

        async def make() -> Sound:
            async with self.cache.leading(key, find) as found:
                if found is not None:
                    return await asyncio.to_thread(recall, found)
                sound = await self._asked(engine, utterance, bill)
                await asyncio.to_thread(self._keep, key, sound)
                return sound

        if (cached := await find()) is not None:
            return await asyncio.to_thread(recall, cached)
        if not freshness.may_store:
            return await self._asked(engine, utterance, bill)
        share = self._bought if engine.offer.credits else self.cache.flights.join
        sound, has_joined = await share(key, make)
        bill.joined += has_joined
        return sound

    async def hold(self, engine: Engine, voice: str) -> tuple[float, str]:
        """For how many seconds *engine* is left alone, and why; 0 when it may be asked."""
        wait = await self.limiter.wait(_allowance(engine, voice))
        return wait.duration_s, wait.reason

    def close(self) -> None:
        """End the purchases that are under way."""
        for purchase in self._purchases.values():
            purchase.cancel()

    async def _bought(
        self, key: str, make: Callable[[], Coroutine[Any, Any, Sound]]
    ) -> tuple[Sound, bool]:
        """The outcome of *make*, and whether somebody else had already begun it; it always ends."""
        purchase = self._purchases.get(key)
        has_joined = purchase is not None
        if purchase is None:
            purchase = self._purchases[key] = asyncio.create_task(make())
            purchase.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(purchase), has_joined

    def _forget(self, key: str, purchase: asyncio.Task[Sound]) -> None:
        del self._purchases[key]
        if not purchase.cancelled():
            purchase.exception()  # was logged where it happened; nobody may be left to hear it

    async def _asked(self, engine: Engine, utterance: Utterance, bill: Bill) -> Sound:
        """What *engine* says, unless it is on hold; its failure is remembered as a hold."""
        allowance = _allowance(engine, utterance.voice)
        wait_s, reason = await self.hold(engine, utterance.voice)
        if wait_s > 0:
            raise SpeechFailed(
                f"{engine.label}: {reason}; left alone for {wait_s:.0f} s", K.CAPACITY, wait_s
            )
        log.info("🔄 Trying %s...", engine.label)
        asked_at = self.limiter.now()
        try:
            sound = await engine.speak(utterance)
        except SpeechFailed as failed:
            log.warning("❌ %s failed: %s", engine.label, failed)
            if engine.offer.credits:
                known = held(failed, utterance.voice)
                await self.limiter.settle(allowance, NOTHING, asked_at, known)
                hold_s, _ = await self.hold(engine, utterance.voice)
                failed.retry_after_s = hold_s or failed.retry_after_s
            raise
        await self.limiter.settle(allowance, NOTHING, asked_at, Correction(succeeded=True))
        bill.made += 1
        bill.characters += len(utterance.text) if engine.offer.credits else 0
        return sound

    def _keep(self, key: str, sound: Sound) -> None:
        self.cache.set(key, remember(sound), largest_bytes=LARGEST_CACHED)


def held(failed: SpeechFailed, voice: str) -> Correction:
    """For how long, and with which voices, an engine is left alone after *failed*.

    Spent credits are no hold: the engine itself knows what they are still enough for.
    """
    verdict, hint_s = VERDICTS[failed.kind], failed.retry_after_s
    if failed.kind is K.CREDITS:
        return Correction()
    hold_s, grows_to_s = verdict.hold_s, verdict.grows_to_s
    if verdict.counts and hold_s <= 0:
        hold_s, grows_to_s = FIRST_HOLD_S, LONGEST_HOLD_S
    if hint_s is not None:
        hold_s = hint_s if hint_s <= SHORT_HINT_S else max(hint_s, hold_s)
    return Correction(
        scope=voice if failed.kind in OF_A_VOICE else ACCOUNT,
        reason=failed.kind.value,
        hold_s=hold_s,
        grows_to_s=grows_to_s,
    )


def sound_key(engine: Engine, utterance: Utterance) -> str:
    """What the sound of *utterance* is kept under: all that can be heard in it."""
    heard = (
        engine.name,
        engine.model,
        utterance.voice,
        utterance.language,
        f"{utterance.speed:.2f}",
        utterance.before,
        utterance.after,
        utterance.text,
    )
    digest = hashlib.sha256("\0".join(heard).encode()).hexdigest()
    return f"speech:{digest}"


def remember(sound: Sound) -> dict[str, Any]:
    """*sound* as the cache keeps it: JSON."""
    return {
        "make": MAKE,
        "samples": base64.b64encode(sound.samples).decode(),
        "stretches": [[s.text, s.start_s, s.end_s] for s in sound.stretches],
    }


def recall(cached: Cached) -> Sound:
    """What `remember` made JSON of."""
    stretches = tuple(Stretch(*stretch) for stretch in cached.value["stretches"])
    return Sound(base64.b64decode(cached.value["samples"]), stretches)


def _allowance(engine: Engine, voice: str) -> Allowance:
    """What holds of *engine* concern: all of it, or one voice. It has no interval: it is paid for."""
    scopes = ((ACCOUNT, Limits()), (voice, Limits()))
    return Allowance(f"speech/{engine.name}", scopes=scopes, is_own=True)
