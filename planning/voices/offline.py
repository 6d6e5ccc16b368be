"""The offline voice: English only, in process, no network; `hibari-tts` ships it in its package."""

import asyncio
import importlib.util
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from planning.sentences import cut, split_sentences
from planning.timing import Manner
from planning.voices.base import Offer, Sound, SpeechFailed, Stretch, Utterance, Voice
from planning.voices.sound import faded, heard, joined, tight
from providers.errors import FailureKind

HEART = Voice("heart", "Heart", "American English, female; hibari-tts 0.2.1", "2026-11-24")
# Measured with version 0.2.1: 165 to 170 words a minute at speed 1 with its pauses. Between speed
# 1.3 and 1.35 it jumps to a hurried manner, and below 0.7 it drawls.
MANNER = Manner(slowest=0.7, fastest=1.3, pace=1.2)
LONGEST_BREATH = 240  # characters; the model knows no longer sentences
LONGEST = 1_500  # characters; a second or two of work


class OfflineVoice:
    """Speaks in a thread of its own. Loads at its first use."""

    name = "hibari"
    label = "Offline voice"
    model = "0.2.1"
    offer = Offer(MANNER, ("en",), LONGEST)

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voice")
        self._voice: Any = None

    @staticmethod
    def is_installed() -> bool:
        """Whether the voice is there."""
        return importlib.util.find_spec("hibari") is not None

    def voice(self, wanted: str) -> str | None:
        """See `Engine.voice`."""
        return HEART.id if wanted.lower() in ("", HEART.id) else None

    def objection(self, text: str, language: str) -> str:
        """See `Engine.objection`; other languages would come out as noise, or as silence."""
        is_said_to_be = language == "" or re.split(r"[-_]", language.lower())[0] == "en"
        if is_said_to_be and is_english(text):
            return ""
        return "speaks English only; set ELEVENLABS_API_KEY for other languages"

    async def speak(self, utterance: Utterance) -> Sound:
        """See `Engine.speak`. A caller that leaves ends the work at its next sentence."""
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._say, utterance, unwanted.is_set)
        finally:
            unwanted.set()

    async def voices(self) -> tuple[Voice, ...]:
        """See `Engine.voices`."""
        return (HEART,)

    async def aclose(self) -> None:
        """See `Engine.aclose`."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _say(self, utterance: Utterance, is_unwanted: Callable[[], bool]) -> Sound:
        if self._voice is None:
            from hibari import Hibari  # optional, and loads a model

            self._voice = Hibari(threads=1)
        said: list[Sound] = []
        for sentence in split_sentences(utterance.text, "en"):
            if is_unwanted():
                break
            chunks = list(self._chunks(sentence, utterance.speed))
            samples = b"".join(
                faded(tight(chunk, start=i > 0, end=i < len(chunks) - 1))
                for i, chunk in enumerate(chunks)
            )
            said.append(Sound(samples, (Stretch(f"{sentence} ", *heard(samples)),)))
        if not any(sound.samples for sound in said):
            raise SpeechFailed("Offline voice: it had nothing to say", FailureKind.EMPTY)
        return joined(said, pause_s=0.0)

    def _chunks(self, sentence: str, speed: float) -> Iterator[bytes]:
        """The samples of *sentence*; without a stop the voice would never breathe."""
        for breath in cut(sentence, LONGEST_BREATH):
            for chunk in self._voice.stream(breath, speed=speed, seed=0):
                yield (chunk.clip(-1, 1) * 32767).astype("<i2").tobytes()


ENGLISH_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the and of to for with that our you it this by from their your who every people are have"
        " will can not but what when",
    )
)


def is_english(text: str) -> bool:
    """Whether *text* is English, as far as letters and small words tell.

    A text of fewer than five words is judged by its letters alone.
    """
    if any(char.isalpha() and not char.isascii() and ord(char) > 0x24F for char in text):
        return False
    words = re.findall(r"[a-zÀ-ɏ']+", text.lower())
    common = sum(word in ENGLISH_WORDS for word in words)
    return bool(words) and (len(words) < 5 or common / len(words) >= 0.08)
