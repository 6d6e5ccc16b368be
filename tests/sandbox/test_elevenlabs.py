"""The ElevenLabs stand-in, judged by its own SDK."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from elevenlabs import ElevenLabs, VoiceSettings
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import UnprocessableEntityError

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

GEORGE = "JBFqnCBsd6RMkjVDRZzb"
RACHEL = "21m00Tcm4TlvDq8ikWAM"
KEY = {"xi-api-key": "sandbox-elevenlabs-key"}
TEXT = "Thirty characters of something"
SPEECH = f"/elevenlabs/v1/text-to-speech/{GEORGE}"


def connect(
    sandbox: RunningSandbox, http: httpx.Client, key: str = KEY["xi-api-key"]
) -> ElevenLabs:
    url = sandbox.base_urls["ELEVENLABS_BASE_URL"]
    return ElevenLabs(api_key=key, base_url=url, httpx_client=http)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5) as client:
        yield client


@pytest.fixture
def client(sandbox: RunningSandbox, http: httpx.Client) -> ElevenLabs:
    return connect(sandbox, http)


def speak(client: ElevenLabs, text: str = TEXT, voice: str = GEORGE, **options: Any) -> bytes:
    return b"".join(client.text_to_speech.convert(voice_id=voice, text=text, **options))


def test_speech_is_as_long_as_its_text_takes_to_say(client: ElevenLabs) -> None:
    assert len(speak(client)) == pytest.approx(2.0 * 128_000 / 8, rel=0.02)
    assert len(speak(client, output_format="pcm_24000")) == 2 * 24_000 * 2


def test_a_faster_voice_is_done_sooner(client: ElevenLabs) -> None:
    fast: dict[str, Any] = {
        "voice_settings": VoiceSettings(speed=1.2),
        "output_format": "pcm_24000",
    }
    assert len(speak(client, **fast)) == pytest.approx(2 * 24_000 * 2 / 1.2, abs=2)
    timed = client.text_to_speech.convert_with_timestamps(voice_id=GEORGE, text=TEXT, **fast)
    assert timed.alignment is not None
    assert timed.alignment.character_end_times_seconds[-1] == pytest.approx(2 / 1.2, abs=0.001)
    with pytest.raises(UnprocessableEntityError):
        speak(client, voice_settings=VoiceSettings(speed=1.3))


def test_the_neighbouring_text_is_taken_but_not_by_v3(client: ElevenLabs) -> None:
    neighbours: dict[str, Any] = {"previous_text": "Before.", "next_text": "After."}
    assert speak(client, **neighbours) == speak(client)
    with pytest.raises(ApiError, match="not yet supported with the 'eleven_v3' model"):
        speak(client, model_id="eleven_v3", **neighbours)


def test_the_headers_tell_the_cost(client: ElevenLabs) -> None:
    with client.text_to_speech.with_raw_response.convert(
        voice_id=GEORGE, text=TEXT, model_id="eleven_flash_v2_5"
    ) as response:
        assert b"".join(response.data).startswith(b"\xff\xfb")
        assert response.headers["character-cost"] == "15"
        assert response.headers["request-id"]


def test_a_stream_carries_the_same_sound(client: ElevenLabs) -> None:
    streamed = b"".join(client.text_to_speech.stream(voice_id=GEORGE, text=TEXT))
    assert streamed == speak(client)


def test_timestamps_cover_every_character(client: ElevenLabs) -> None:
    answer = client.text_to_speech.convert_with_timestamps(voice_id=GEORGE, text=TEXT)
    assert answer.alignment is not None
    assert "".join(answer.alignment.characters) == TEXT
    assert answer.alignment.character_end_times_seconds[-1] == pytest.approx(2.0)
    assert base64.b64decode(answer.audio_base_64) == speak(client)


def test_streamed_timestamps_are_json_lines_that_add_up(client: ElevenLabs) -> None:
    parts = list(client.text_to_speech.stream_with_timestamps(voice_id=GEORGE, text=TEXT))
    assert len(parts) == 2
    characters = [c for part in parts if part.alignment for c in part.alignment.characters]
    assert "".join(characters) == TEXT
    assert b"".join(base64.b64decode(part.audio_base_64) for part in parts) == speak(client)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("invalid_key", 401, "invalid_api_key"),
        ("quota_exceeded", 401, "quota_exceeded"),
        ("unusual_activity", 401, "detected_unusual_activity"),
        ("missing_permissions", 401, "missing_permissions"),
        ("paid_plan", 402, "paid_plan_required"),
        ("format_not_allowed", 403, "output_format_not_allowed"),
        ("concurrency", 429, "too_many_concurrent_requests"),
        ("concurrency_new", 429, "concurrent_limit_exceeded"),
        ("busy", 429, "system_busy"),
    ],
)
def test_the_sdk_reads_every_kind_of_error(
    sandbox: RunningSandbox, client: ElevenLabs, error: str, status: int, code: str
) -> None:
    sandbox.fail("elevenlabs", error=error)
    with pytest.raises(ApiError) as raised:
        speak(client)
    assert raised.value.status_code == status
    assert raised.value.body["detail"]["status"] == code


def test_a_body_that_does_not_validate_is_a_list(
    ask: Post, sandbox: RunningSandbox, client: ElevenLabs
) -> None:
    status, body = ask(SPEECH, {}, KEY)
    assert status == 422
    assert body["detail"][0]["loc"] == ["body", "text"]
    sandbox.fail("elevenlabs", error="unprocessable")
    with pytest.raises(UnprocessableEntityError):
        speak(client)


def test_credits_run_out_but_a_shorter_text_still_fits(
    sandbox: RunningSandbox, client: ElevenLabs
) -> None:
    sandbox.set_quota("elevenlabs", used_this_month=9_980)
    with pytest.raises(ApiError, match="You have 20 credits remaining, while 30 credits"):
        speak(client)
    assert speak(client, "Short enough.")
    page = client.user.subscription.get()
    assert (page.character_count, page.character_limit) == (9_993, 10_000)
    assert page.next_character_count_reset_unix is not None
    sandbox.set_clock(page.next_character_count_reset_unix + 1)
    assert speak(client)


def test_the_third_call_at_once_is_refused(
    sandbox: RunningSandbox, client: ElevenLabs, http: httpx.Client
) -> None:
    sandbox.fail("elevenlabs", times=2, stall_after_chunks=0)
    url, body = sandbox.url + SPEECH, {"text": TEXT}
    with (
        http.stream("POST", url, json=body, headers=KEY) as first,
        http.stream("POST", url, json=body, headers=KEY) as second,
    ):
        assert first.status_code == second.status_code == 200
        with pytest.raises(ApiError, match="too_many_concurrent_requests"):
            speak(client)


def test_a_library_voice_needs_a_paid_plan(client: ElevenLabs) -> None:
    with pytest.raises(ApiError) as raised:
        speak(client, voice=RACHEL)
    assert raised.value.status_code == 402
    with pytest.raises(ApiError, match="A voice with the voice_id nobody was not found"):
        speak(client, voice="nobody")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"output_format": "mp3_44100_192"}, 403),
        ({"output_format": "wav_24000"}, 403),
        ({"output_format": "tape"}, 400),
        ({"model_id": "eleven_v9"}, 400),
        ({"model_id": "eleven_v3", "text": "x" * 5001}, 400),
    ],
)
def test_what_the_free_plan_lacks_is_refused(
    client: ElevenLabs, options: dict[str, Any], status: int
) -> None:
    with pytest.raises(ApiError) as raised:
        speak(client, **options)
    assert raised.value.status_code == status


def test_the_sdk_lists_voices_and_models(client: ElevenLabs) -> None:
    page = client.voices.search(page_size=2)
    assert page.has_more
    assert page.total_count == 5
    assert len(page.voices) == 2
    assert client.voices.search(search="rachel").voices[0].category == "professional"
    models = {model.model_id: model for model in client.models.list()}
    assert models["eleven_v3"].maximum_text_length_per_request == 5_000


def test_a_wrong_key_is_refused(sandbox: RunningSandbox, http: httpx.Client, ask: Post) -> None:
    with pytest.raises(ApiError, match="invalid_api_key"):
        speak(connect(sandbox, http, key="another"))
    assert ask(SPEECH, {"text": "hi"})[1]["detail"]["status"] == "needs_authorization"


def test_a_cut_sound_is_seen_to_be_incomplete(sandbox: RunningSandbox, client: ElevenLabs) -> None:
    sandbox.fail("elevenlabs", cut_after_bytes=1000)
    with pytest.raises(httpx.RemoteProtocolError):
        speak(client)
