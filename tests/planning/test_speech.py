"""Speech: true files, the right language, one voice after the other."""

import wave
from io import BytesIO

import pytest

from cache import ResponseCache
from planning.speech import (
    AudioFormat,
    NoSpeech,
    OfflineVoice,
    Speaker,
    SpeechFailed,
    Unspeakable,
    breaths,
    is_english,
    mp3,
    wav,
)
from storage.memory import MemoryStore

ENGLISH = "Imagine a village with light in every house, and work for the people who live there."
installed = pytest.mark.skipif(
    not OfflineVoice.is_installed(), reason="hibari-tts is not installed"
)


class Voice:
    """A scripted engine."""

    def __init__(self, name: str, failure: Exception | None = None) -> None:
        self.name = name
        self.failure = failure
        self.spoken: list[str] = []

    async def speak(self, text: str, form: AudioFormat) -> bytes:
        """See `Engine.speak`."""
        self.spoken.append(text)
        if self.failure:
            raise self.failure
        return f"{self.name} {form.value}".encode()


def speaker(*voices: Voice) -> Speaker:
    """A speaker with a cache of its own."""
    return Speaker(voices, ResponseCache(store=MemoryStore()))


@pytest.mark.anyio
async def test_the_first_voice_that_can_speaks() -> None:
    """And the failure of the other is not the caller's."""
    spoken = await speaker(Voice("a", SpeechFailed("x")), Voice("b")).speak(
        ENGLISH, AudioFormat.WAV
    )
    assert (spoken.engine, spoken.audio, spoken.cache) == ("b", b"b wav", "MISS")


@pytest.mark.anyio
async def test_audio_is_cached_by_text_and_format() -> None:
    """Credits are not spent twice."""
    cached = speaker(voice := Voice("a"))
    await cached.speak(ENGLISH, AudioFormat.WAV)
    assert (await cached.speak(ENGLISH, AudioFormat.WAV)).cache == "HIT"
    assert (await cached.speak(ENGLISH, AudioFormat.MP3)).cache == "MISS"
    assert (await cached.speak(f"{ENGLISH}!", AudioFormat.WAV)).cache == "MISS"
    assert len(voice.spoken) == 3


@pytest.mark.anyio
async def test_when_no_voice_can_the_first_failure_is_told() -> None:
    """It is the one of the voice that was meant to speak."""
    broken = speaker(Voice("a", SpeechFailed("first")), Voice("b", Unspeakable("second")))
    with pytest.raises(SpeechFailed, match="first"):
        await broken.speak(ENGLISH, AudioFormat.WAV)


@pytest.mark.anyio
async def test_without_any_voice_it_says_what_to_do() -> None:
    """Two ways to get one."""
    with pytest.raises(NoSpeech, match=r"ELEVENLABS_API_KEY.*requirements-local\.txt"):
        await speaker().speak(ENGLISH, AudioFormat.WAV)


@pytest.mark.anyio
async def test_markup_is_not_spoken() -> None:
    """Nor is the draft label."""
    marked = speaker(voice := Voice("a"))
    await marked.speak("**Bold** words [1].", AudioFormat.WAV)
    assert voice.spoken == ["Bold words."]


@pytest.mark.parametrize(
    ("text", "english"),
    [
        (ENGLISH, True),
        ("Hello there.", True),
        ("Café culture for the people of São Paulo is what we bring to you.", True),
        ("Imagina un pueblo con luz en cada casa y trabajo para la gente que vive allí.", False),
        (
            "Imaginez un village où chaque maison a de la lumière et chaque famille du travail.",
            False,
        ),
        (
            "Stellen Sie sich ein Dorf vor, in dem jedes Haus Licht hat und jede Familie Arbeit.",
            False,
        ),
        ("تخيل قرية فيها ضوء في كل بيت", False),
        ("想象一个村庄", False),
        ("Представьте себе деревню", False),
        ("123 !!!", False),
    ],
)
def test_the_offline_voice_knows_its_language(text: str, english: bool) -> None:
    """What is not English would come out as noise, or as silence."""
    assert is_english(text) is english


@installed
@pytest.mark.anyio
async def test_the_offline_voice_speaks_english_and_refuses_the_rest() -> None:
    """True WAV, of a plausible length, and not silent."""
    voice = OfflineVoice()
    audio = await voice.speak(ENGLISH, AudioFormat.WAV)
    with wave.open(BytesIO(audio)) as file:
        seconds = file.getnframes() / file.getframerate()
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert 3 < seconds < 12
    assert max(map(abs, samples)) > 3_000
    with pytest.raises(Unspeakable, match="English only"):
        await voice.speak(
            "Imagina un pueblo con luz en cada casa y trabajo para todos.", AudioFormat.WAV
        )


@installed
def test_an_mp3_is_a_row_of_frames() -> None:
    """It begins with one, and is much smaller than the samples."""
    samples = bytes(24_000 * 2 * 3)
    audio = mp3(samples)
    assert audio[0] == 0xFF
    assert audio[1] & 0xE0 == 0xE0
    assert len(audio) < len(samples) / 3


def test_a_wav_says_how_long_it_is() -> None:
    """24 kHz, 16 bit, one channel."""
    with wave.open(BytesIO(wav(bytes(48_000)))) as file:
        assert file.getnframes() / file.getframerate() == 1


def test_a_sentence_without_a_stop_is_cut_into_breaths() -> None:
    """The voice would run out of memory before it runs out of air."""
    assert [len(part.split()) for part in breaths("word " * 100 + "end. New one.")] == [
        40,
        40,
        21,
        2,
    ]
