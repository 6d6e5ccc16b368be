"""Speech: a text in, audio out, from ElevenLabs or from the offline voice, and cached like an answer."""

import asyncio
import base64
import hashlib
import importlib.util
import io
import logging
import re
import threading
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from cache import ANY_FRESH, Freshness, ResponseCache
from planning.letter import spoken

log = logging.getLogger("trimaran.speech")

SAMPLE_RATE_HZ = 24_000
LARGEST_CACHED = 8 << 20  # bytes of JSON; two minutes of WAV


class AudioFormat(Enum):
    """What the audio is wrapped in; the value is the file's ending."""

    WAV = "wav"
    MP3 = "mp3"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return {AudioFormat.WAV: "audio/wav", AudioFormat.MP3: "audio/mpeg"}[self]


class NoSpeech(Exception):
    """Nothing here can speak."""


class SpeechFailed(Exception):
    """An engine failed; the message is for people and holds no secret."""


class Unspeakable(Exception):
    """The text cannot be spoken as it is: nothing in it, or not in the voice's language."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Audio, who spoke it, and whether it came from the cache (`HIT`, `MISS` or `JOINED`)."""

    audio: bytes = field(repr=False)
    engine: str
    cache: str


class Engine(Protocol):
    """Something that speaks."""

    @property
    def name(self) -> str:
        """What the answer calls it; two voices have different names."""
        ...

    async def speak(self, text: str, form: AudioFormat) -> bytes:
        """The audio of *text*. Raises `SpeechFailed` or `Unspeakable`."""
        ...


@dataclass(frozen=True, slots=True)
class Speaker:
    """Speaks with the first of *engines* that can."""

    engines: Sequence[Engine]
    cache: ResponseCache

    async def speak(self, text: str, form: AudioFormat, freshness: Freshness = ANY_FRESH) -> Spoken:
        """Speak *text*. Raises `NoSpeech`, `Unspeakable`, or `SpeechFailed` of the first engine."""
        if not self.engines:
            raise NoSpeech(
                "No speech engine: set ELEVENLABS_API_KEY, or install requirements-local.txt"
            )
        text = spoken(text)
        if not re.search(r"\w", text):
            raise Unspeakable("pitch_text has nothing in it that can be spoken")
        names = ",".join(engine.name for engine in self.engines)
        digest = hashlib.sha256(f"{names}\0{form.value}\0{text}".encode()).hexdigest()
        key = f"speech:{digest}"
        known = await asyncio.to_thread(self.cache.look_up, key) if freshness.may_read else None
        if known is not None and freshness.accepts(known):
            return Spoken(base64.b64decode(known.value["audio"]), known.value["engine"], "HIT")

        async def work() -> Spoken:
            return await self._speak(key, text, form, freshness)

        if not freshness.may_store:
            return await work()
        fresh, joined = await self.cache.flights.join(key, work)
        return Spoken(fresh.audio, fresh.engine, "JOINED") if joined else fresh

    async def _speak(self, key: str, text: str, form: AudioFormat, freshness: Freshness) -> Spoken:
        failures: list[Exception] = []
        for engine in self.engines:
            try:
                audio = await engine.speak(text, form)
            except (SpeechFailed, Unspeakable) as error:
                log.warning("❌ %s failed: %s", engine.name, error)
                failures.append(error)
                continue
            if freshness.may_store:
                value = {"audio": base64.b64encode(audio).decode(), "engine": engine.name}
                await asyncio.to_thread(self.cache.set, key, value, largest_bytes=LARGEST_CACHED)
            return Spoken(audio, engine.name, "MISS")
        raise failures[0]


@dataclass(slots=True)
class ElevenLabs:
    """ElevenLabs through its own SDK, two requests at a time (the free tier's concurrency)."""

    key: str = field(repr=False)
    voice_id: str
    model: str
    base_url: str
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="elevenlabs")
    )

    @property
    def name(self) -> str:
        """See `Engine.name`."""
        return "elevenlabs"

    async def speak(self, text: str, form: AudioFormat) -> bytes:
        """See `Engine.speak`. WAV is made of raw samples: the free tier may not ask for WAV."""
        loop = asyncio.get_running_loop()
        if form is AudioFormat.MP3:
            return await loop.run_in_executor(self._threads, self._convert, text, "mp3_44100_128")
        return wav(await loop.run_in_executor(self._threads, self._convert, text, "pcm_24000"))

    def _convert(self, text: str, output_format: str) -> bytes:
        from elevenlabs import ElevenLabs as Client  # half a second that only speech should pay
        from elevenlabs.core.api_error import ApiError
        from httpx import HTTPError  # what the SDK speaks through

        client = Client(api_key=self.key, base_url=self.base_url, timeout=60)
        try:
            audio = b"".join(
                client.text_to_speech.convert(
                    voice_id=self.voice_id,
                    text=text,
                    model_id=self.model,
                    output_format=output_format,
                )
            )
        except ApiError as error:
            raise SpeechFailed(
                f"ElevenLabs answered {error.status_code} {_code(error.body)}"
            ) from None
        except HTTPError as error:
            raise SpeechFailed(
                f"ElevenLabs could not be reached ({type(error).__name__})"
            ) from None
        if not audio:
            raise SpeechFailed("ElevenLabs sent no audio")
        return audio


class OfflineVoice:
    """The voice of `hibari-tts`: English only, in process, no network. Loads at its first use."""

    name = "hibari"

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voice")
        self._voice: Any = None

    @staticmethod
    def is_installed() -> bool:
        """Whether the voice is there."""
        return importlib.util.find_spec("hibari") is not None

    async def speak(self, text: str, form: AudioFormat) -> bytes:
        """See `Engine.speak`; other languages are refused, since they would come out as noise."""
        if not is_english(text):
            raise Unspeakable(
                "The offline voice speaks English only; set ELEVENLABS_API_KEY for other languages"
            )
        if form is AudioFormat.MP3 and importlib.util.find_spec("lameenc") is None:
            raise SpeechFailed("MP3 needs lameenc (requirements-local.txt); WAV works without")
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            samples = await loop.run_in_executor(self._thread, self._sample, text, unwanted.is_set)
            if not samples:
                raise SpeechFailed("the offline voice had nothing to say")
            return await asyncio.to_thread(mp3 if form is AudioFormat.MP3 else wav, samples)
        finally:
            unwanted.set()

    def _sample(self, text: str, unwanted: Callable[[], bool]) -> bytes:
        """16-bit samples of *text*, as many as there are until they are *unwanted*."""
        if self._voice is None:
            from hibari import Hibari  # optional, and loads a model

            self._voice = Hibari(threads=1)
        chunks = []
        for sentence in breaths(text):
            for chunk in self._voice.stream(sentence, seed=0):
                if unwanted():
                    return b""
                chunks.append((chunk.clip(-1, 1) * 32767).astype("<i2").tobytes())
        return b"".join(chunks)


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


def breaths(text: str, longest: int = 40) -> list[str]:
    """*text* in sentences of at most *longest* words: without a stop the voice never breathes."""
    sentences = re.split(r"(?<=[.!?])\s+|\n+", text.strip())
    return [
        " ".join(words[i : i + longest])
        for words in (sentence.split() for sentence in sentences)
        for i in range(0, len(words), longest)
    ]


def wav(samples: bytes) -> bytes:
    """A WAV file of 24 kHz 16-bit mono *samples*."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples)
    return out.getvalue()


def mp3(samples: bytes) -> bytes:
    """An MP3 file (64 kbit/s) of 24 kHz 16-bit mono *samples*."""
    import lameenc  # optional

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(SAMPLE_RATE_HZ)
    encoder.set_channels(1)
    encoder.set_bit_rate(64)
    encoder.set_quality(5)
    return bytes(encoder.encode(samples)) + bytes(encoder.flush())


def _code(body: Any) -> str:
    """The code in an ElevenLabs error body; their messages may repeat the text, so they stay out."""
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, dict):
        return re.sub(r"[^\w]", "", str(detail.get("status") or detail.get("code") or ""))[:64]
    return ""
