"""The offline voice really speaking: English, at the speeds it has, without clicks or clipping."""

import asyncio
from array import array
from itertools import pairwise

import pytest

from cache import ResponseCache
from planning.captions import cues
from planning.sentences import count_words, words_for
from planning.speech import Speaker, Wanted
from planning.timing import FREE_TOLERANCE
from planning.voices.base import SAMPLE_RATE_HZ, Sound, SpeechFailed, Utterance
from planning.voices.offline import OfflineVoice, is_english
from planning.voices.supply import Supply
from rate_limiter import RateLimiter
from storage.memory import MemoryStore
from tests.planning.voices.pitches import PITCHES

ENGLISH = "Imagine a village with light in every house, and work for the people who live there."
installed = pytest.mark.skipif(
    not OfflineVoice.is_installed(), reason="hibari-tts is not installed"
)
pytestmark = pytest.mark.anyio


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
def test_it_knows_its_language(text: str, english: bool) -> None:
    """What is not English would come out as noise, or as silence."""
    assert is_english(text) is english


def test_it_refuses_what_it_cannot_say() -> None:
    """And says what can be done; a text that is said to be English must be."""
    voice = OfflineVoice()
    assert voice.objection(ENGLISH, "en-GB") == voice.objection(ENGLISH, "") == ""
    for text, language in ((ENGLISH, "fr"), ("Imagina un pueblo con luz en cada casa.", "en")):
        assert "speaks English only; set ELEVENLABS_API_KEY" in voice.objection(text, language)
    assert (voice.voice(""), voice.voice("Heart"), voice.voice("George")) == (
        "heart",
        "heart",
        None,
    )


def longest_silence_s(sound: Sound) -> float:
    """The longest time without a sample above a hundredth of full level."""
    loud = [i for i, value in enumerate(array("h", sound.samples)) if abs(value) > 330]
    return max(b - a for a, b in pairwise([0, *loud, len(sound.samples) // 2])) / SAMPLE_RATE_HZ


@installed
async def test_it_speaks_without_clicks_clipping_or_long_silence() -> None:
    """Also across a sentence that is too long for one breath."""
    voice = OfflineVoice()
    rambling = (
        "We " + " ".join(["bring light and water to the people of the valley and"] * 9) + " stay."
    )
    sound = await voice.speak(Utterance(f"{ENGLISH} {rambling} We stay.", "heart"))
    samples = array("h", sound.samples)
    assert 3_000 < max(map(abs, samples)) < 32_000
    for stretch in sound.stretches[1:]:
        middle = round((stretch.start_s - 0.2) * SAMPLE_RATE_HZ)  # in the pause before it
        assert max(map(abs, samples[middle - 120 : middle + 120])) < 330
    assert longest_silence_s(sound) < 1.1
    assert [s.text for s in sound.stretches] == [f"{ENGLISH} ", f"{rambling} ", "We stay. "]
    await voice.aclose()


@installed
async def test_silence_is_an_error_and_never_an_answer() -> None:
    """The voice itself says nothing at all in other scripts."""
    with pytest.raises(SpeechFailed, match="nothing to say"):
        await OfflineVoice().speak(Utterance("مرحبا بكم", "heart"))


@installed
async def test_work_that_nobody_wants_ends_at_the_next_sentence() -> None:
    """A long text whose caller left does not hold up the next one."""
    voice = OfflineVoice()
    await voice.speak(Utterance("Ready.", "heart"))
    long = asyncio.create_task(voice.speak(Utterance(f"{ENGLISH} " * 400, "heart")))
    await asyncio.sleep(0)
    long.cancel()
    async with asyncio.timeout(5):
        assert (await voice.speak(Utterance("Still here.", "heart"))).seconds > 0.5
    await voice.aclose()


@installed
@pytest.mark.parametrize("seconds", sorted(PITCHES))
async def test_a_pitch_of_the_right_length_is_spoken_to_the_second(seconds: int) -> None:
    """Measured in its samples: within a fiftieth, since takes are free, and captioned to its end."""
    pitch = PITCHES[seconds]
    assert count_words(pitch) in words_for(seconds)
    store = MemoryStore()
    supply = Supply(ResponseCache(store=store), RateLimiter(store=lambda: store))
    speaker = Speaker([OfflineVoice()], supply)
    spoken = await speaker.speak(Wanted(pitch, seconds=seconds))
    assert abs(spoken.seconds - seconds) <= FREE_TOLERANCE * seconds
    assert (spoken.text, spoken.characters) == (pitch, 0)
    shown = cues(spoken.sound.stretches, spoken.seconds)
    assert shown[-1].end_s == spoken.seconds
    assert all(cue.end_s - cue.start_s >= 1 for cue in shown)
    assert max(len(line) for cue in shown for line in cue.lines) <= 42
    await speaker.aclose()
