"""Speech over real sockets: the old path, the pitch to the second, captions, voices, and failover."""

import base64
import re
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from planning.sentences import count_words
from planning.voices.offline import OfflineVoice
from sandbox.running import RunningSandbox
from tests.endpoints.test_service import environment
from tests.planning.voices.pitches import PITCHES
from tests.service import RunningService, running_service

SPANISH = "Imagina un pueblo con luz en cada casa y en cada escuela del valle."
installed = pytest.mark.skipif(
    not OfflineVoice.is_installed(), reason="hibari-tts is not installed"
)


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service with all keys and no interval."""
    with running_service(tmp_path_factory.mktemp("service"), environment(sandbox)) as running:
        yield running


@pytest.fixture
def unlucky(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningService]:
    """A service of the test's own, since it remembers the failures that it meets."""
    with running_service(tmp_path / "unlucky", environment(sandbox)) as running:
        yield running


@pytest.fixture(autouse=True)
def _fair_weather(sandbox: RunningSandbox) -> None:
    """Every test begins with voices and models that work."""
    sandbox.heal()
    sandbox.forget_replies()
    sandbox.clear_log()


def spoken_calls(sandbox: RunningSandbox) -> list[Any]:
    return [call for call in sandbox.calls("elevenlabs") if "text-to-speech" in call.path]


def wav_seconds(content: bytes) -> float:
    """The length that a WAV file itself tells."""
    with wave.open(BytesIO(content)) as file:
        return float(file.getnframes() / file.getframerate())


def test_a_pitch_is_spoken_to_the_second_in_every_form(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """Audio, captions and JSON of the same sound, which is bought once."""
    body = {"text": PITCHES[45], "seconds": 45, "voice": "Sarah", "language": "en"}
    wav = service.post("/speech", body)
    assert wav.status_code == 200, wav.text
    assert wav.headers["content-type"] == "audio/wav"
    assert wav_seconds(wav.content) == pytest.approx(45, rel=0.1)
    told = {name: wav.headers[f"x-audio-{name}"] for name in ("target", "engine", "voice", "text")}
    assert told == {
        "target": "45",
        "engine": "elevenlabs",
        "voice": "EXAVITQu4vr4xnSDxMaL",
        "text": "as given",
    }
    assert float(wav.headers["x-audio-seconds"]) == pytest.approx(
        wav_seconds(wav.content), abs=0.01
    )
    assert re.fullmatch(r"[+-]\d\.\d%", wav.headers["x-audio-deviation"])
    paid = int(wav.headers["x-audio-characters"])
    assert paid == sum(len(call.request["text"]) for call in spoken_calls(sandbox))

    mp3 = service.post("/speech", {**body, "format": "mp3"})
    assert mp3.headers["content-type"] == "audio/mpeg"
    assert mp3.content[0] == 0xFF
    vtt = service.post("/speech", body, headers={"accept": "text/vtt"})
    assert vtt.headers["content-type"].startswith("text/vtt")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.000 --> ")
    srt = service.post("/speech", body, headers={"accept": "application/x-subrip"})
    assert srt.text.startswith("1\n00:00:00,000 --> ")
    both = service.post("/speech", body, headers={"accept": "application/json"}).json()
    assert (both["srt"], both["vtt"]) == (srt.text, vtt.text)
    assert base64.b64decode(both["audio"]) == mp3.content
    assert (both["media_type"], both["is_shortened"]) == ("audio/mpeg", False)
    assert both["text"] == PITCHES[45]

    assert [form.headers["x-cache"] for form in (wav, mp3, vtt, srt)] == ["MISS"] + ["HIT"] * 3
    assert len(spoken_calls(sandbox)) == int(wav.headers["x-audio-takes"])


def test_a_pitch_that_is_too_long_is_shortened_once_by_a_model(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """By one call, before anything is bought; the whole text is never spoken."""
    sandbox.reply("gemini", f"**{PITCHES[30]}**")
    reply = service.post("/speech", {"text": PITCHES[90], "seconds": 30})
    assert wav_seconds(reply.content) == pytest.approx(30, rel=0.1)
    assert reply.headers["x-audio-text"] == "shortened"
    assert {call.request["text"] for call in spoken_calls(sandbox)} == {PITCHES[30]}
    asked = sandbox.calls("gemini")
    assert len(asked) == 1
    assert f"of {count_words(PITCHES[90])} words to between 63 and 78 words" in str(
        asked[0].request
    )
    assert "Gemini succeeded for pitch_shortened" in service.log
    sandbox.clear_log()
    again = service.post("/speech", {"text": PITCHES[90], "seconds": 30})
    assert (again.headers["x-cache"], again.content) == ("HIT", reply.content)
    assert sandbox.log == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Give us 4,000,000 dollars now.",
        f"{PITCHES[90]} {PITCHES[90]}",
        "* **",
    ],
)
def test_a_bad_shortening_is_not_spoken(
    service: RunningService, sandbox: RunningSandbox, answer: str
) -> None:
    """The founder's own words are, as fast as the voice can, and the deviation is told."""
    for provider in ("gemini", "openrouter", "cloudflare"):
        sandbox.reply(provider, answer, times=None)
    text = f"{PITCHES[90]} This is text {len(answer)}."
    reply = service.post("/speech", {"text": text, "seconds": 60})
    assert reply.headers["x-audio-text"] == "as given"
    assert reply.headers["x-audio-speed"] == "1.2"
    assert float(reply.headers["x-audio-deviation"].rstrip("%")) > 10
    assert {call.request["text"] for call in spoken_calls(sandbox)} == {text}


def test_spent_credits_leave_english_to_the_offline_voice(
    unlucky: RunningService, sandbox: RunningSandbox
) -> None:
    """And are not asked for again; other languages are told what can be done."""
    sandbox.fail("elevenlabs", error="quota_exceeded")
    reply = unlucky.post("/speech", {"text": SPANISH, "language": "es"})
    assert reply.status_code == 500
    assert reply.json()["detail"].startswith(
        "Error generating audio: ElevenLabs: credits used up (401, quota_exceeded)"
    )
    assert int(reply.headers["retry-after"]) > 86_400
    sandbox.clear_log()
    old = unlucky.post("/generatePitchAudio", {"pitch_text": SPANISH})
    assert (old.status_code, spoken_calls(sandbox)) == (500, [])
    if OfflineVoice.is_installed():
        assert "Offline voice: speaks English only" in old.json()["detail"]
        english = unlucky.post("/speech", {"text": PITCHES[30], "seconds": 30})
        assert english.headers["x-audio-engine"] == "hibari"
        assert wav_seconds(english.content) == pytest.approx(30, rel=0.1)
        assert spoken_calls(sandbox) == []


def test_a_hold_survives_a_restart(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """A refused key is left alone for its fifteen minutes also by the next process."""
    sandbox.fail("elevenlabs", error="invalid_key")
    for _ in range(2):
        with running_service(tmp_path / "service", environment(sandbox)) as service:
            reply = service.post("/speech", {"text": SPANISH})
            assert (reply.status_code, "API key was refused" in reply.text) == (500, True)
            assert 0 < int(reply.headers["retry-after"]) <= 900
    assert len(spoken_calls(sandbox)) == 1


@installed
def test_the_offline_voice_alone_speaks_and_captions(tmp_path: Path) -> None:
    """Without any key, network or model; what it cannot do it says."""
    with running_service(tmp_path / "service", {"LOCAL_MODEL": "off", "SEARCH": "off"}) as service:
        body = {"text": PITCHES[30], "seconds": 30}
        both = service.post("/speech", body, headers={"accept": "application/json"}).json()
        assert both["seconds"] == pytest.approx(30, rel=0.1)
        assert (both["engine"], both["voice"], both["paid_characters"]) == ("hibari", "heart", 0)
        ends = re.findall(r"--> 00:00:(\d\d\.\d{3})", both["vtt"])
        assert float(ends[-1]) == pytest.approx(both["seconds"], abs=0.002)
        long = service.post("/speech", {"text": PITCHES[90], "seconds": 30})
        assert (long.headers["x-audio-text"], long.headers["x-audio-speed"]) == ("as given", "1.3")
        refused = service.post("/speech", {"text": SPANISH})
        assert refused.status_code == 400
        assert "set ELEVENLABS_API_KEY for other languages" in refused.json()["detail"]
        offered = service.get("/speech/voices").json()["engines"]
        assert [engine["engine"] for engine in offered] == ["hibari"]


def test_the_voices_are_listed_with_what_each_engine_can(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """As the account itself tells, without spending anything."""
    offered = service.get("/speech/voices").json()["engines"]
    elevenlabs = offered[0]
    assert (elevenlabs["engine"], elevenlabs["state"]) == ("elevenlabs", "ready")
    assert elevenlabs["speeds"] == {"slowest": 0.7, "fastest": 1.2}
    assert [voice["name"] for voice in elevenlabs["voices"]] == [
        "George",
        "Sarah",
        "Roger",
        "Laura",
    ]
    assert {"en", "hi", "vi"} <= set(elevenlabs["languages"])
    assert spoken_calls(sandbox) == []


def test_a_refused_key_is_seen_in_the_list(
    unlucky: RunningService, sandbox: RunningSandbox
) -> None:
    """With the time until it is tried again."""
    sandbox.fail("elevenlabs", error="invalid_key")
    unlucky.post("/speech", {"text": SPANISH})
    refused = unlucky.get("/speech/voices").json()["engines"][0]
    assert refused["state"] == "the API key was refused"
    assert 0 < refused["ready_in_seconds"] <= 900


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"text": ""}, 400, "text"),
        ({"text": "** ## --"}, 400, "text"),
        ({}, 422, "text"),
        ({"text": "x" * 5_001}, 422, "text"),
        ({"text": "Hello.", "seconds": 31}, 422, "seconds"),
        ({"text": "Hello.", "seconds": "30"}, 422, "seconds"),
        ({"text": "Hello.", "voice": "nobody"}, 400, "voice"),
        ({"text": "Hello.", "language": "en; drop"}, 422, "language"),
        ({"text": "Hello.", "format": "ogg"}, 422, "format"),
        ({"text": "Hello.", "speed": 3}, 422, "speed"),
        ({"text": "Habari yako.", "language": "sw"}, 400, "ELEVENLABS_MODEL=eleven_v3"),
    ],
)
def test_bad_input_is_refused_by_name(
    service: RunningService, sandbox: RunningSandbox, body: object, status: int, named: str
) -> None:
    """And costs nothing."""
    reply = service.post("/speech", body)
    assert reply.status_code == status, reply.text
    assert named in reply.text
    assert spoken_calls(sandbox) == []
