"""Speech: the first voice that can, within the time that was asked for, and nothing paid for twice."""

import asyncio
from collections.abc import Callable

import pytest

from answers import OutOfTime
from cache import Freshness, ResponseCache
from planning.speech import Speaker, Wanted, is_speakable
from planning.timing import Manner
from planning.voices.base import (
    NoSpeech,
    Offer,
    Sound,
    SpeechFailed,
    Stretch,
    UnknownVoice,
    Unspeakable,
    Utterance,
    Voice,
)
from planning.voices.supply import Supply
from providers.errors import FailureKind
from rate_limiter import RateLimiter
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

ENGLISH = "Imagine a village with light in every house, and work for the people who live there."
K = FailureKind


class Scripted:
    """An engine that says a word in 0.4 seconds at speed 1, unless it is told to fail."""

    model = "m1"

    def __init__(
        self,
        name: str,
        *failures: FailureKind,
        credits_per_character: float = 1.0,
        languages: tuple[str, ...] = (),
        longest: int = 10_000,
        seconds: Callable[[Utterance], float] | None = None,
    ) -> None:
        self.name, self.label = name, name.upper()
        self.failures = list(failures)
        self.languages = languages
        self.offer = Offer(
            Manner(0.7, 1.2, pace=150 / 140), languages, longest, credits_per_character
        )
        self.asked: list[Utterance] = []
        self.is_asked = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.seconds = seconds or (lambda said: len(said.text.split()) * 0.4 / said.speed)

    def voice(self, wanted: str) -> str | None:
        """See `Engine.voice`."""
        return f"{self.name}-1" if wanted in ("", self.name) else None

    def objection(self, text: str, language: str) -> str:
        """See `Engine.objection`."""
        return "" if not self.languages or language in self.languages else f"no {language}"

    async def speak(self, utterance: Utterance) -> Sound:
        """See `Engine.speak`."""
        self.asked.append(utterance)
        self.is_asked.set()
        await self.may_go_on.wait()
        if self.failures:
            kind = self.failures.pop(0)
            raise SpeechFailed(f"{self.label}: {kind.value}", kind)
        samples = b"\1\0" * round(self.seconds(utterance) * 24_000)
        return Sound(samples, (Stretch(utterance.text, 0.0, Sound(samples, ()).seconds),))

    async def voices(self) -> tuple[Voice, ...]:
        """See `Engine.voices`."""
        return ()

    async def aclose(self) -> None:
        """See `Engine.aclose`."""


def speaker(*engines: Scripted, clock: TurnedClock | None = None) -> Speaker:
    """A speaker with a cache and limits of its own."""
    store, clock = MemoryStore(), clock or TurnedClock()
    limiter = RateLimiter(60, store=lambda: store, clock=clock)
    return Speaker(engines, Supply(ResponseCache(store=store, clock=clock), limiter))


pytestmark = pytest.mark.anyio


async def test_the_first_voice_that_can_speaks() -> None:
    """And the failure of the other is not the caller's."""
    spoken = await speaker(Scripted("a", K.CREDITS), Scripted("b")).speak(Wanted(ENGLISH))
    assert (spoken.engine, spoken.voice, spoken.cache, spoken.text) == ("b", "b-1", "MISS", ENGLISH)


async def test_audio_is_kept_by_text_voice_language_and_speed() -> None:
    """Credits are not spent twice."""
    kept = speaker(voice := Scripted("a"))
    first = await kept.speak(Wanted(ENGLISH))
    again = await kept.speak(Wanted(f" **{ENGLISH}** "))
    assert (first.cache, first.characters) == ("MISS", len(ENGLISH))
    assert (again.cache, again.characters, again.sound) == ("HIT", 0, first.sound)
    assert (await kept.speak(Wanted(f"{ENGLISH}!"))).cache == "MISS"
    assert (await kept.speak(Wanted(ENGLISH, language="en"))).cache == "MISS"
    assert len(voice.asked) == 3


async def test_no_store_is_honoured() -> None:
    """It is said again for those who ask for that, and not kept."""
    kept = speaker(voice := Scripted("a"))
    for _ in range(2):
        await kept.speak(Wanted(ENGLISH), Freshness.from_header("no-store"))
    assert len(voice.asked) == 2


async def test_when_no_voice_can_all_reasons_are_told() -> None:
    """The first is the one of the voice that was meant to speak."""
    broken = speaker(Scripted("a", K.AUTH), Scripted("b", languages=("en",)))
    with pytest.raises(SpeechFailed, match="A: the API key was refused; B: no es") as raised:
        await broken.speak(Wanted("Hola a todos.", language="es"))
    assert raised.value.kind is K.AUTH
    assert raised.value.retry_after_s == 900
    with pytest.raises(Unspeakable, match="B: no es"):
        await speaker(Scripted("b", languages=("en",))).speak(Wanted("Hola.", language="es"))


async def test_without_any_voice_it_says_what_to_do() -> None:
    """Two ways to get one."""
    with pytest.raises(NoSpeech, match=r"ELEVENLABS_API_KEY.*requirements-local\.txt"):
        await speaker().speak(Wanted(ENGLISH))


async def test_a_voice_is_asked_for_by_name() -> None:
    """Its engine comes first; another stands in for it when it fails; nobody has every voice."""
    two = speaker(Scripted("a"), chosen := Scripted("b"))
    assert (await two.speak(Wanted(ENGLISH, voice="b"))).engine == "b"
    chosen.failures = [K.SERVER_ERROR]
    assert (await two.speak(Wanted("Other words.", voice="b"))).engine == "a"
    with pytest.raises(UnknownVoice, match="voice: there is none called 'c'"):
        await two.speak(Wanted(ENGLISH, voice="c"))


async def test_markup_is_not_spoken() -> None:
    """Nor is the draft label; a text of nothing else is refused."""
    marked = speaker(voice := Scripted("a"))
    await marked.speak(Wanted("**Bold** words [1]."))
    assert [said.text for said in voice.asked] == ["Bold words."]
    assert not is_speakable("** ## --")
    with pytest.raises(Unspeakable, match="nothing in it"):
        await marked.speak(Wanted("** ## --"))


async def test_a_refused_key_is_left_alone_until_its_hold_ends() -> None:
    """Fifteen minutes, as for every provider; what is kept is served all the same."""
    clock = TurnedClock()
    two = speaker(a := Scripted("a"), Scripted("b"), clock=clock)
    await two.speak(Wanted("Kept."))
    a.failures = [K.AUTH]
    assert (await two.speak(Wanted("One."))).engine == "b"
    assert (await two.speak(Wanted("Two."))).engine == "b"
    assert (await two.speak(Wanted("Kept."))).engine == "a"
    assert [said.text for said in a.asked] == ["Kept.", "One."]
    clock.turn(901)
    assert (await two.speak(Wanted("Three."))).engine == "a"


async def test_a_voice_that_is_gone_does_not_hold_the_others_of_its_engine() -> None:
    """Another voice of the account may still work."""
    one = speaker(a := Scripted("a", K.MODEL_GONE))
    with pytest.raises(SpeechFailed):
        await one.speak(Wanted("One."))
    with pytest.raises(SpeechFailed, match="A: the model is not available; left alone for 3600 s"):
        await one.speak(Wanted("Two."))
    assert await one.supply.hold(a, "another") == (0.0, "")


async def test_failures_that_go_on_lengthen_the_pause() -> None:
    """Five seconds, ten, twenty; a success forgets them."""
    clock = TurnedClock()
    two = speaker(a := Scripted("a"), Scripted("b"), clock=clock)
    pauses = []
    for round_number in range(3):
        a.failures = [K.TIMEOUT]
        await two.speak(Wanted(f"Text {round_number}."))
        pause_s, _ = await two.supply.hold(a, "a-1")
        pauses.append(pause_s)
        clock.turn(pause_s + 0.001)
    assert pauses == [5.0, 10.0, 20.0]
    await two.speak(Wanted("Well again."))
    a.failures = [K.TIMEOUT]
    await two.speak(Wanted("And down."))
    assert (await two.supply.hold(a, "a-1"))[0] == 5.0


async def test_a_few_seconds_are_waited_for_when_nobody_else_can_speak() -> None:
    """Once; a longer pause is told instead."""
    clock = TurnedClock()
    one = speaker(a := Scripted("a", K.CAPACITY), clock=clock)
    assert (await one.speak(Wanted(ENGLISH))).engine == "a"
    assert clock.slept == [5.0]
    a.failures = [K.CAPACITY, K.CAPACITY]
    with pytest.raises(SpeechFailed, match="at capacity") as raised:
        await one.speak(Wanted("Other words."))
    assert clock.slept == [5.0, 5.0]
    assert raised.value.retry_after_s == 10.0


async def test_the_pitch_is_fitted_by_speed() -> None:
    """75 words at 150 a minute last 30 seconds; where the guess was wrong a second take helps."""
    timed = speaker(voice := Scripted("a"))
    plain = await timed.speak(Wanted("word " * 75, seconds=30))
    assert (plain.seconds, plain.speed, plain.takes, plain.deviation) == (30.0, 1.0, 1, 0.0)
    voice.seconds = lambda said: 34 / said.speed
    fast = await timed.speak(Wanted("other " * 75, seconds=30))
    assert (fast.takes, fast.speed, fast.is_rewritten) == (2, 1.13, False)
    assert fast.deviation == pytest.approx(0.0, abs=0.01)
    assert fast.characters == sum(len(said.text) for said in voice.asked[1:])
    assert fast.characters <= timed.most_characters("other " * 75)


async def test_a_long_pitch_is_rewritten_once() -> None:
    """And then spoken; asking again costs nothing."""
    wishes: list[range] = []

    async def rewrite(text: str, words: range) -> str | None:
        wishes.append(words)
        return "short " * 70

    timed = speaker(voice := Scripted("a"))
    spoken = await timed.speak(Wanted("word " * 200, seconds=30), rewrite=rewrite)
    assert wishes == [range(63, 79)]
    assert (spoken.text, spoken.is_rewritten) == (("short " * 70).strip(), True)
    assert spoken.deviation == pytest.approx(0.0, abs=0.1)
    asked = len(voice.asked)
    again = await timed.speak(Wanted("word " * 200, seconds=30), rewrite=rewrite)
    assert (again.cache, again.characters, again.sound) == ("HIT", 0, spoken.sound)
    assert len(voice.asked) == asked


async def test_what_cannot_be_shortened_is_spoken_whole_and_told() -> None:
    """Never cut."""

    async def rewrite(text: str, words: range) -> str | None:
        return None

    timed = speaker(voice := Scripted("a"))
    spoken = await timed.speak(Wanted("word " * 200, seconds=30), rewrite=rewrite)
    assert (spoken.text, spoken.takes, len(voice.asked)) == (("word " * 200).strip(), 1, 1)
    assert spoken.deviation == pytest.approx(80 / 1.2 / 30 - 1, abs=0.01)


async def test_credits_that_end_between_two_takes_do_not_cost_the_first() -> None:
    """What was paid for is kept, and its deviation told."""
    timed = speaker(voice := Scripted("a", seconds=lambda said: 36.0))

    async def speak_first(utterance: Utterance) -> Sound:
        sound = await Scripted.speak(voice, utterance)
        voice.failures = [K.CREDITS]
        return sound

    voice.speak = speak_first  # type: ignore[method-assign]  # the second take finds no credits
    spoken = await timed.speak(Wanted("word " * 70, seconds=30))
    assert (spoken.takes, spoken.seconds, len(voice.asked)) == (1, 36.0, 2)


async def test_a_long_text_is_said_in_parts_that_know_their_neighbours() -> None:
    """Each is kept by itself, so a failure half-way costs only what was missing."""
    parts = speaker(voice := Scripted("a", longest=30))
    spoken = await parts.speak(Wanted("One two three four. Five six seven eight. Nine ten."))
    assert [(said.before, said.text, said.after) for said in voice.asked] == [
        ("", "One two three four.", "Five six seven eight."),
        ("One two three four.", "Five six seven eight.", "Nine ten."),
        ("Five six seven eight.", "Nine ten.", ""),
    ]
    assert spoken.seconds == pytest.approx(10 * 0.4 + 2 * 0.25, abs=0.001)
    assert [s.text for s in spoken.sound.stretches] == [
        "One two three four. ", "Five six seven eight. ", "Nine ten."
    ]  # fmt: skip
    assert spoken.sound.stretches[1].start_s == pytest.approx(4 * 0.4 + 0.25)


async def test_equal_requests_buy_once() -> None:
    """Ten that come together share one purchase."""
    shared = speaker(voice := Scripted("a"))
    spoken = await asyncio.gather(*(shared.speak(Wanted(ENGLISH)) for _ in range(10)))
    assert len(voice.asked) == 1
    assert sorted(one.cache for one in spoken) == ["JOINED"] * 9 + ["MISS"]
    assert sum(one.characters for one in spoken) == len(ENGLISH)


async def test_what_is_paid_for_is_kept_although_its_caller_left() -> None:
    """The next one who asks finds it."""
    shared = speaker(voice := Scripted("a"))
    voice.may_go_on.clear()
    caller = asyncio.create_task(shared.speak(Wanted(ENGLISH)))
    await voice.is_asked.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    voice.may_go_on.set()
    again = await shared.speak(Wanted(ENGLISH))
    assert (len(voice.asked), again.characters) == (1, 0)


async def test_free_work_ends_when_its_caller_leaves() -> None:
    """Nobody would hear it."""
    shared = speaker(voice := Scripted("a", credits_per_character=0.0))
    voice.may_go_on.clear()
    caller = asyncio.create_task(shared.speak(Wanted(ENGLISH)))
    await voice.is_asked.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    voice.may_go_on.set()
    assert (await shared.speak(Wanted(ENGLISH))).cache == "MISS"
    assert len(voice.asked) == 2


async def test_time_that_is_up_is_told() -> None:
    """The purchase itself goes on."""
    slow = speaker(voice := Scripted("a"))
    voice.may_go_on.clear()
    with pytest.raises(OutOfTime, match=r"No audio within 0\.01 s"):
        await slow.speak(Wanted(ENGLISH), timeout_s=0.01)
    await slow.aclose()
