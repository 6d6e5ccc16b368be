"""ElevenLabs over a real socket: what is sent, what it costs, and what each of its refusals means."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from cache import ResponseCache
from planning.captions import cues
from planning.speech import Speaker, Wanted
from planning.voices import elevenlabs
from planning.voices.base import SpeechFailed, Utterance
from planning.voices.elevenlabs import PREMADE, ElevenLabs
from planning.voices.supply import Supply
from providers.errors import FailureKind
from rate_limiter import RateLimiter
from sandbox import running_sandbox
from sandbox.running import RunningSandbox
from storage.memory import MemoryStore
from tests.doubles import TurnedClock
from tests.planning.voices.pitches import PITCHES

GEORGE = "JBFqnCBsd6RMkjVDRZzb"
TEXT = "Imagine a village with light. Work for everybody."
K = FailureKind
pytestmark = pytest.mark.anyio


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    """ElevenLabs' free plan, with its real credits."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with running_sandbox() as running:
        yield running


@pytest.fixture
async def voice(sandbox: RunningSandbox) -> AsyncIterator[ElevenLabs]:
    """The engine with the default model."""
    engine = connect(sandbox)
    yield engine
    await engine.aclose()


def connect(
    sandbox: RunningSandbox, model: str = "eleven_flash_v2_5", **options: Any
) -> ElevenLabs:
    url = sandbox.base_urls["ELEVENLABS_BASE_URL"]
    return ElevenLabs("sandbox-elevenlabs-key", GEORGE, model, url, **options)


def speaker(*engines: ElevenLabs) -> Speaker:
    store = MemoryStore()
    return Speaker(engines, Supply(ResponseCache(store=store), RateLimiter(store=lambda: store)))


def sent(sandbox: RunningSandbox) -> list[Any]:
    """The bodies of the speaking calls, and their formats."""
    return [call.request for call in sandbox.calls("elevenlabs") if "text-to-speech" in call.path]


async def test_a_text_becomes_samples_and_words_with_their_times(voice: ElevenLabs) -> None:
    """Fifteen characters a second in the sandbox."""
    sound = await voice.speak(Utterance(TEXT, GEORGE))
    assert sound.seconds == pytest.approx(len(TEXT) / 15, abs=0.001)
    assert "".join(stretch.text for stretch in sound.stretches) == TEXT
    village = sound.stretches[2]
    assert (village.text, round(village.start_s * 15)) == ("village ", TEXT.index("village"))
    assert [cue.lines for cue in cues(sound.stretches, sound.seconds)] == [
        ("Imagine a village with light.",), ("Work for everybody.",)
    ]  # fmt: skip


async def test_each_letter_of_an_unspaced_script_has_its_time(voice: ElevenLabs) -> None:
    """There are no spaces to tell words by."""
    sound = await voice.speak(Utterance("使用 AI 的村庄。", GEORGE, language="zh-Hans"))
    assert [s.text for s in sound.stretches] == ["使", "用 ", "AI ", "的", "村", "庄。"]


async def test_it_sends_what_each_model_can_take(sandbox: RunningSandbox) -> None:
    """No speed where it is the usual one, no neighbours for v3, no language for multilingual v2."""
    said = Utterance("Hola.", GEORGE, "es-MX", 0.9, before="Antes.", after="Luego.")
    for model in ("eleven_flash_v2_5", "eleven_v3", "eleven_multilingual_v2"):
        engine = connect(sandbox, model)
        await engine.speak(said)
        await engine.aclose()
    flash, v3, multilingual = sent(sandbox)
    assert flash == {
        "text": "Hola.",
        "model_id": "eleven_flash_v2_5",
        "language_code": "es",
        "voice_settings": {"speed": 0.9},
        "previous_text": "Antes.",
        "next_text": "Luego.",
    }
    assert set(v3) == {"text", "model_id", "language_code", "voice_settings"}
    assert set(multilingual) == {"text", "model_id", "voice_settings", "previous_text", "next_text"}


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("invalid_key", K.AUTH, "401, invalid_api_key); check ELEVENLABS_API_KEY"),
        ("missing_permissions", K.AUTH, "missing_permissions"),
        ("unusual_activity", K.ACCESS, "free accounts are often refused from servers"),
        ("quota_exceeded", K.CREDITS, "401, quota_exceeded); credits come back"),
        ("paid_plan", K.NO_FREE_QUOTA, "402, paid_plan_required); choose a voice"),
        ("format_not_allowed", K.NO_FREE_QUOTA, "output_format_not_allowed"),
        ("voice_not_found", K.MODEL_GONE, "404, voice_not_found); choose a voice"),
        ("voice_not_found_400", K.MODEL_GONE, "400, voice_not_found"),
        ("model_not_found", K.MODEL_GONE, "model_not_found"),
        ("too_long", K.TOO_LARGE, "text_too_long"),
        ("unprocessable", K.BAD_REQUEST, "422"),
        ("concurrency", K.CAPACITY, "429, too_many_concurrent_requests"),
        ("concurrency_new", K.CAPACITY, "concurrent_limit_exceeded"),
        ("busy", K.OVERLOADED, "system_busy"),
        ("rate_limited", K.MINUTE_LIMIT, "rate_limit_exceeded"),
        ("internal", K.SERVER_ERROR, "500"),
        ("unavailable", K.OVERLOADED, "503"),
    ],
)
async def test_every_refusal_has_its_kind(
    sandbox: RunningSandbox, voice: ElevenLabs, error: str, kind: FailureKind, words: str
) -> None:
    """And is one request: the SDK would ask, and pay, three times."""
    sandbox.fail("elevenlabs", error=error)
    with pytest.raises(SpeechFailed) as raised:
        await voice.speak(Utterance(TEXT, GEORGE))
    assert raised.value.kind is kind
    assert words in str(raised.value)
    assert len(sent(sandbox)) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"reset": True}, K.RESET),
        ({"cut_after_bytes": 1000}, K.RESET),
        ({"html": True, "status": 502}, K.SERVER_ERROR),
        ({"html": True, "status": 200}, K.BAD_BODY),
        ({"malformed": True}, K.BAD_BODY),
        ({"status": 200, "body": {"audio_base64": "no base64!"}}, K.BAD_BODY),
        ({"status": 200, "body": {}}, K.EMPTY),
        ({"status": 200, "body": []}, K.BAD_BODY),
        ({"empty": "sound"}, K.EMPTY),
        ({"redirect": "http://127.0.0.1:9/"}, K.REDIRECT),
        ({"hang": True}, K.TIMEOUT),
    ],
)
async def test_whatever_goes_wrong_is_told(
    sandbox: RunningSandbox,
    voice: ElevenLabs,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
    kind: FailureKind,
) -> None:
    """Half a sound is no sound."""
    await voice.speak(Utterance("Warm.", GEORGE))
    monkeypatch.setattr(elevenlabs, "TIMEOUT_S", 0.5)
    sandbox.fail("elevenlabs", **fault)
    with pytest.raises(SpeechFailed) as raised:
        await voice.speak(Utterance(TEXT, GEORGE))
    assert raised.value.kind is kind


@pytest.mark.parametrize(
    "alignment",
    [
        None,
        {"characters": ["H"], "character_start_times_seconds": [0]},
        {
            "characters": ["H", "i"],
            "character_start_times_seconds": [0, None],
            "character_end_times_seconds": [0.1, 0.2],
        },
        {
            "characters": ["N", "o"],
            "character_start_times_seconds": [0, 0.1],
            "character_end_times_seconds": [0.1, 0.2],
        },
    ],
)
async def test_times_that_do_not_fit_the_text_are_not_used(
    sandbox: RunningSandbox, voice: ElevenLabs, alignment: Any
) -> None:
    """The sound is paid for and good all the same; its captions are spread over it."""
    sandbox.fail("elevenlabs", status=200, body={"audio_base64": "AAEC", "alignment": alignment})
    sound = await voice.speak(Utterance("Hi", GEORGE))
    assert [(s.text, s.start_s, s.end_s) for s in sound.stretches] == [("Hi", 0.0, sound.seconds)]
    assert sound.samples == b"\x00\x01"


async def test_an_address_where_nobody_listens(sandbox: RunningSandbox) -> None:
    """Nothing was sent, so nothing was paid."""
    engine = ElevenLabs("key", GEORGE, "eleven_v3", "http://127.0.0.1:9")
    with pytest.raises(SpeechFailed, match="could not be reached"):
        await engine.speak(Utterance(TEXT, GEORGE))
    await engine.aclose()


async def test_spent_credits_are_remembered_but_a_shorter_text_is_spoken(
    sandbox: RunningSandbox,
) -> None:
    """Until the account's month is over, which it tells itself."""
    sandbox.set_quota("elevenlabs", used_this_month=9_990)
    clock = TurnedClock(sandbox.now)
    engine = connect(sandbox, clock=clock)
    for _ in range(3):
        with pytest.raises(SpeechFailed, match=r"10 left|quota_exceeded") as raised:
            await engine.speak(Utterance(TEXT, GEORGE))
    assert len(sent(sandbox)) == 1
    assert raised.value.retry_after_s == pytest.approx(30 * 24 * 3600, rel=0.01)
    assert engine.offer.credits_left == 10
    await engine.speak(Utterance("Still here.", GEORGE))
    assert engine.offer.credits_left == 4
    clock.turn(30 * 24 * 3600 + 60)
    sandbox.set_quota("elevenlabs", used_this_month=0)
    await engine.speak(Utterance(TEXT, GEORGE))
    await engine.aclose()


async def test_a_key_that_may_only_speak_does_not_know_when_credits_return(
    sandbox: RunningSandbox, voice: ElevenLabs
) -> None:
    """Then it is asked again in an hour."""
    sandbox.fail("elevenlabs", error="quota_exceeded")
    sandbox.fail("elevenlabs", error="missing_permissions", path="/v1/user/subscription")
    with pytest.raises(SpeechFailed) as raised:
        await voice.speak(Utterance(TEXT, GEORGE))
    assert raised.value.retry_after_s == 3600


async def test_no_more_requests_at_once_than_the_account_may(
    sandbox: RunningSandbox, voice: ElevenLabs
) -> None:
    """Four with the flash models; the rest wait their turn."""
    texts = [f"Text number {n}." for n in range(12)]
    sounds = await asyncio.gather(*(voice.speak(Utterance(text, GEORGE)) for text in texts))
    assert len(sounds) == 12
    assert all(call.ok for call in sandbox.calls("elevenlabs"))


async def test_the_voices_of_the_account_are_listed(
    sandbox: RunningSandbox, voice: ElevenLabs
) -> None:
    """Without those of the library, which cost a plan; asked once an hour."""
    names = [listed.name for listed in await voice.voices()]
    assert names == ["George", "Sarah", "Roger", "Laura"]
    await voice.voices()
    assert len(sandbox.calls("elevenlabs")) == 1


async def test_the_premade_voices_stand_in_when_the_account_cannot_be_asked(
    sandbox: RunningSandbox, voice: ElevenLabs
) -> None:
    """As they were on a day that is told."""
    sandbox.fail("elevenlabs", error="missing_permissions", path="/v2/voices")
    assert await voice.voices() == PREMADE


@pytest.mark.parametrize(
    ("model", "language", "objection"),
    [
        ("eleven_flash_v2_5", "", ""),
        ("eleven_flash_v2_5", "vi", ""),
        ("eleven_flash_v2_5", "nb-NO", ""),
        (
            "eleven_flash_v2_5",
            "sw",
            "does not speak the language 'sw'; set ELEVENLABS_MODEL=eleven_v3",
        ),
        ("eleven_flash_v2", "es", "set ELEVENLABS_MODEL=eleven_v3"),
        ("eleven_v3", "am", "eleven_v3 does not speak the language 'am'"),
        ("eleven_next", "am", ""),
    ],
)
def test_a_language_that_the_model_lacks_is_refused(
    model: str, language: str, objection: str
) -> None:
    """With the model that has it; of a model that is not known nothing is assumed."""
    engine = ElevenLabs("key", GEORGE, model, "http://127.0.0.1:9")
    said = engine.objection("", language)
    assert (objection in said) if objection else said == ""


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", GEORGE),
        ("sarah", "EXAVITQu4vr4xnSDxMaL"),
        ("EXAVITQu4vr4xnSDxMaL", "EXAVITQu4vr4xnSDxMaL"),
        ("heart", None),
        ("../../v1/user", None),
    ],
)
def test_a_voice_is_a_name_or_an_id(wanted: str, found: str | None) -> None:
    """What looks like neither belongs to nobody, and never to a path."""
    engine = ElevenLabs("key", GEORGE, "eleven_v3", "http://127.0.0.1:9")
    assert engine.voice(wanted) == found


@pytest.mark.parametrize("seconds", sorted(PITCHES))
async def test_pitches_fit_and_cost_what_was_announced(
    sandbox: RunningSandbox, voice: ElevenLabs, seconds: int
) -> None:
    """The sandbox is slower or faster than expected by whatever its words are long."""
    timed = speaker(voice)
    pitch = PITCHES[seconds]
    spoken = await timed.speak(Wanted(pitch, seconds=seconds))
    assert spoken.deviation == pytest.approx(0, abs=0.1)
    paid = sum(len(body["text"]) for body in sent(sandbox))
    assert spoken.characters == paid <= timed.most_characters(pitch)
    again = await timed.speak(Wanted(pitch, seconds=seconds))
    assert (again.cache, again.characters, len(sent(sandbox))) == ("HIT", 0, spoken.takes)


async def test_the_key_is_never_shown(voice: ElevenLabs) -> None:
    """Not in a traceback either."""
    assert "sandbox-elevenlabs-key" not in repr(voice)
