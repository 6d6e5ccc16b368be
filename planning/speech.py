"""Speech: a text in, audio out, within the time that was asked for, by the first voice that can.

speak       the engines in order, until one gives a sound
_fitted     one engine: takes at the speeds, and with the text, that `Fitting` asks for
_take       one take: the sounds of the text's parts, joined
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from answers import OutOfTime
from cache import ANY_FRESH, Freshness, ResponseCache
from failover import PATIENCE
from planning.letter import spoken
from planning.sentences import parts
from planning.timing import (
    FREE_TOLERANCE,
    MOST_TAKES,
    TOLERANCE,
    Fitting,
    Rewrite,
    Settle,
    Step,
    Take,
)
from planning.voices.base import (
    Engine,
    NoSpeech,
    Sound,
    SpeechFailed,
    UnknownVoice,
    Unspeakable,
    Utterance,
)
from planning.voices.elevenlabs import ElevenLabs
from planning.voices.offline import OfflineVoice
from planning.voices.sound import breathing, joined
from planning.voices.supply import Bill, Supply
from rate_limiter import RateLimiter

log = logging.getLogger("trimaran.speech")

SHORT_HOLD_S = 6.0  # worth waiting for when nobody else can speak

# Writes a text anew with that many words; None when it cannot.
Rewriter = Callable[[str, range], Awaitable[str | None]]


def is_speakable(text: str) -> bool:
    """Whether there is anything in *text* that can be spoken, once its markup is gone."""
    return re.search(r"\w", spoken(text)) is not None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be spoken: by which voice, in which language (a tag), in how many seconds.

    An empty voice is the usual one, an empty language is found out by the engine, and without
    *seconds* it takes the time that it takes. *name* is what the log lines call it.
    """

    text: str
    voice: str = ""
    language: str = ""
    seconds: float | None = None
    name: str = "speech"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sound, and how it came about.

    *text* is what was said; it is not the one that was given when *is_rewritten*. *characters*
    were paid for just now.
    """

    sound: Sound
    text: str
    engine: str
    voice: str
    speed: float
    cache: str
    takes: int
    characters: int
    target_s: float | None = None
    is_rewritten: bool = False

    @property
    def seconds(self) -> float:
        """How long it is, as measured."""
        return self.sound.seconds

    @property
    def deviation(self) -> float | None:
        """How far it is from its target, as a share of that; negative for too short."""
        return None if self.target_s is None else self.seconds / self.target_s - 1


@dataclass(frozen=True, slots=True)
class Speaker:
    """Speaks with the first of *engines* that can."""

    engines: Sequence[Engine]
    supply: Supply
    total_s: float = PATIENCE.total_s

    async def speak(
        self,
        wanted: Wanted,
        freshness: Freshness = ANY_FRESH,
        *,
        rewrite: Rewriter | None = None,
        timeout_s: float | None = None,
    ) -> Spoken:
        """Speak what is *wanted*; *rewrite* may be asked once for a text of a better length.

        Raises `NoSpeech`, `UnknownVoice`, `Unspeakable`, `SpeechFailed` or `OutOfTime`.
        """
        order = self._order(wanted.voice)
        wanted = replace(wanted, text=spoken(wanted.text))
        if not is_speakable(wanted.text):
            raise Unspeakable("the text has nothing in it that can be spoken")
        total_s = self.total_s if timeout_s is None else min(timeout_s, self.total_s)
        try:
            async with asyncio.timeout(total_s) as guard:
                return await self._by_the_first(order, wanted, freshness, rewrite)
        except TimeoutError:
            if not guard.expired():
                raise
            raise OutOfTime(f"No audio within {total_s:g} s") from None

    def most_characters(self, text: str) -> int:
        """How many paid characters it can cost at most to speak *text* within a time."""
        is_paid = any(engine.offer.credits for engine in self.engines)
        return MOST_TAKES * len(spoken(text)) if is_paid else 0

    async def aclose(self) -> None:
        """End what is under way, and let the engines go."""
        self.supply.close()
        for engine in self.engines:
            await engine.aclose()

    def _order(self, voice: str) -> list[tuple[Engine, str]]:
        """The engines in the order in which they are asked, and the voice that each speaks with.

        Who has the voice that was asked for comes first; the others stand in for it.
        """
        if not self.engines:
            raise NoSpeech(
                "No speech engine: set ELEVENLABS_API_KEY, or install requirements-local.txt"
            )
        found = [(engine, engine.voice(voice)) for engine in self.engines]
        if all(own is None for _, own in found):
            raise UnknownVoice(f"voice: there is none called {voice!r}; see GET /speech/voices")
        found.sort(key=lambda pair: pair[1] is None)
        return [(engine, own or engine.voice("") or "") for engine, own in found]

    async def _by_the_first(
        self,
        order: Sequence[tuple[Engine, str]],
        wanted: Wanted,
        freshness: Freshness,
        rewrite: Rewriter | None,
    ) -> Spoken:
        """The engines in order; once more when all that is missing is a few seconds."""
        waited = False
        while True:
            objections: list[str] = []
            failures: list[SpeechFailed] = []
            for engine, voice in order:
                if objection := engine.objection(wanted.text, wanted.language):
                    objections.append(f"{engine.label}: {objection}")
                    continue
                try:
                    said = await self._fitted(engine, voice, wanted, freshness, rewrite)
                except SpeechFailed as failed:
                    failures.append(failed)
                    continue
                log.info("✅ %s succeeded for %s", engine.label, wanted.name)
                return said
            if not failures:
                raise Unspeakable("; ".join(objections))
            waits = [f.retry_after_s for f in failures if f.retry_after_s is not None]
            wait_s = min(waits, default=None)
            if waited or wait_s is None or wait_s > SHORT_HOLD_S:
                reasons = "; ".join([*map(str, failures), *objections])
                raise SpeechFailed(reasons, failures[0].kind, wait_s)
            waited = True
            log.info("⏳ Waiting %.1f s for a voice for %s", wait_s, wanted.name)
            await self.supply.limiter.clock.sleep(wait_s)

    async def _fitted(
        self,
        engine: Engine,
        voice: str,
        wanted: Wanted,
        freshness: Freshness,
        rewrite: Rewriter | None,
    ) -> Spoken:
        """What *engine* says, at the speed and with the text that fit. Raises `SpeechFailed`.

        A failure after the first take is no reason to give that one up.
        """
        bill = Bill()
        sounds: dict[Take, Sound] = {}
        fitting = _begun(engine, wanted, may_rewrite=rewrite is not None)
        step: Step = fitting.step()
        while not isinstance(step, Settle):
            if isinstance(step, Rewrite):
                text = await rewrite(fitting.text, step.words) if rewrite else None
                fitting = fitting.rewritten(spoken(text) if text else None)
            else:
                utterance = Utterance(fitting.text, voice, wanted.language, step.speed)
                try:
                    sound = await self._take(engine, utterance, freshness, bill)
                except SpeechFailed:
                    if not sounds:
                        raise
                    fitting = fitting.over()
                else:
                    if wanted.seconds is not None:
                        sound = await asyncio.to_thread(breathing, sound, wanted.seconds)
                    fitting = fitting.said(step.speed, sound.seconds)
                    sounds[fitting.takes[-1]] = sound
            step = fitting.step()
        take = step.take
        return Spoken(
            sounds[take],
            take.text,
            engine.name,
            voice,
            take.speed,
            bill.cache,
            takes=len(fitting.takes),
            characters=bill.characters,
            target_s=wanted.seconds,
            is_rewritten=take.text != wanted.text,
        )

    async def _take(
        self, engine: Engine, utterance: Utterance, freshness: Freshness, bill: Bill
    ) -> Sound:
        """The sound of *utterance*, in parts if it is long."""
        text, longest = utterance.text, engine.offer.longest
        is_long = len(text) > longest
        pieces = parts(text, longest, utterance.language) if is_long else (text,)
        sounds = [
            await self.supply.sound(
                engine,
                replace(utterance, text=piece, before=before, after=after),
                freshness,
                bill,
            )
            for before, piece, after in zip(("", *pieces), pieces, (*pieces[1:], ""), strict=False)
        ]
        return await asyncio.to_thread(joined, sounds)


def _begun(engine: Engine, wanted: Wanted, *, may_rewrite: bool) -> Fitting:
    offer = engine.offer
    tolerance = TOLERANCE if offer.credits else FREE_TOLERANCE
    return Fitting(
        wanted.text, wanted.language, wanted.seconds, offer.manner, may_rewrite, tolerance
    )


def build_speaker(
    cache: ResponseCache,
    limiter: RateLimiter,
    *,
    elevenlabs_key: str,
    voice_id: str,
    model: str,
    base_url: str,
    proxy: str = "",
) -> Speaker:
    """A speaker with the engines that there are: ElevenLabs for a key, then the offline voice."""
    engines: list[Engine] = []
    if elevenlabs_key:
        engines.append(ElevenLabs(elevenlabs_key, voice_id, model, base_url, proxy=proxy))
    if OfflineVoice.is_installed():
        engines.append(OfflineVoice())
    return Speaker(engines, Supply(cache, limiter))
