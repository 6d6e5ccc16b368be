"""A stand-in for ElevenLabs text-to-speech: sound, timestamps, voices, models, the account."""

import base64
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.checks import is_number
from sandbox.exchange import (
    Call,
    ErrorRow,
    JsonObject,
    Refused,
    Reply,
    dump,
    made,
    reply_json,
    reply_stream,
)
from sandbox.faults import Fault, substitute
from sandbox.quotas import Credits
from sandbox.sound import SECONDS_PER_CHARACTER, Mp3, duration_s, tone
from sandbox.text import Script

FREE_CREDITS = 10_000
DEFAULT_MODEL = "eleven_multilingual_v2"
DEFAULT_FORMAT = "mp3_44100_128"
CHUNK_BYTES = 4096
REQUEST_ID = "sandbox-request"
PREMADE = {
    "JBFqnCBsd6RMkjVDRZzb": "George",
    "EXAVITQu4vr4xnSDxMaL": "Sarah",
    "CwhRBWXzGAHq8TQ4Fs17": "Roger",
    "FGY2WhTYpPnrIDTdsKH5": "Laura",
}
LIBRARY = {"21m00Tcm4TlvDq8ikWAM": "Rachel"}  # needs a paid plan
CREATOR_FORMATS = ("mp3_44100_192", "pcm_44100")
TELEPHONE = {"ulaw_8000": b"\xff", "alaw_8000": b"\xd5"}  # silence, 8000 bytes a second
RANGES = {"stability": (0, 1), "similarity_boost": (0, 1), "style": (0, 1), "speed": (0.7, 1.2)}


@dataclass(frozen=True, slots=True)
class Model:
    """What a model accepts and costs; *stitches* says whether it takes the neighbouring text."""

    longest: int
    credits_per_character: float
    concurrency: int
    stitches: bool = True


MODELS = {
    "eleven_v3": Model(5_000, 1, 2, stitches=False),
    "eleven_multilingual_v2": Model(10_000, 1, 2),
    "eleven_flash_v2_5": Model(40_000, 0.5, 4),
    "eleven_turbo_v2_5": Model(40_000, 0.5, 4),
    "eleven_flash_v2": Model(30_000, 0.5, 4),
    "eleven_turbo_v2": Model(30_000, 0.5, 4),
}


def failure(status: int, code: str, message: str, kind: str = "") -> Reply:
    """The newer error object, which carries the older status as well."""
    detail = {"code": code, "message": message, "status": code, "request_id": REQUEST_ID}
    return reply_json(status, {"detail": {"type": kind or code, **detail}})


def legacy(status: int, code: str, message: str) -> Reply:
    """The older error object."""
    return reply_json(status, {"detail": {"status": code, "message": message}})


def invalid(kind: str, where: list[str], message: str) -> Reply:
    """A body that did not validate."""
    return reply_json(422, {"detail": [{"type": kind, "loc": where, "msg": message, "input": {}}]})


def over_quota(limit: float, left: float, needed: float) -> Reply:
    """The allowance is used up; a 401, although the key is good."""
    return legacy(
        401,
        "quota_exceeded",
        f"This request exceeds your quota of {limit:.0f}. You have {left:.0f} credits remaining, "
        f"while {needed:.0f} credits are required for this request.",
    )


ERRORS: Mapping[str, ErrorRow] = {
    "too_long": failure(
        400, "text_too_long", "The text is too long for this model.", "validation_error"
    ),
    "too_long_legacy": legacy(
        400, "max_character_limit_exceeded", "Maximum text length exceeded for this model."
    ),
    "model_not_found": legacy(400, "model_not_found", "A model with this model_id was not found."),
    "unsupported_model": failure(
        400,
        "unsupported_model",
        "Providing previous_text or next_text is not yet supported with the 'eleven_v3' model.",
        "validation_error",
    ),
    "bad_format": legacy(400, "invalid_output_format", "The output format is not valid."),
    "voice_not_found_400": legacy(400, "voice_not_found", "The voice was not found."),
    "no_key": legacy(
        401,
        "needs_authorization",
        "Neither authorization header nor xi-api-key received, please provide one.",
    ),
    "invalid_key": legacy(401, "invalid_api_key", "Invalid API key"),
    "missing_permissions": legacy(
        401,
        "missing_permissions",
        "The API key you used is missing the permission text_to_speech to execute this operation.",
    ),
    "quota_exceeded": over_quota(FREE_CREDITS, 5, 50),
    "unusual_activity": legacy(
        401,
        "detected_unusual_activity",
        "Unusual activity detected. Free Tier usage disabled. If you are using a proxy/VPN you "
        "might need to purchase a Paid Plan.",
    ),
    "paid_plan": failure(
        402,
        "paid_plan_required",
        "Free users cannot use library voices via the API. Please upgrade your subscription.",
        "payment_required",
    ),
    "creator_only": legacy(403, "only_for_creator+", "This output format needs the Creator tier."),
    "format_not_allowed": legacy(
        403, "output_format_not_allowed", "This output format is not allowed on your tier."
    ),
    "voice_not_found": legacy(404, "voice_not_found", "A voice with the voice_id V was not found."),
    "unprocessable": invalid("missing", ["body", "text"], "Field required"),
    "concurrency": legacy(
        429,
        "too_many_concurrent_requests",
        "Too many concurrent requests. Your current subscription is associated with a maximum of "
        "2 concurrent requests.",
    ),
    "concurrency_new": failure(
        429, "concurrent_limit_exceeded", "Too many concurrent requests.", "rate_limit_error"
    ),
    "busy": legacy(429, "system_busy", "The system is currently busy. Please try again later."),
    "rate_limited": failure(429, "rate_limit_exceeded", "Rate limit exceeded.", "rate_limit_error"),
    "internal": reply_json(500, {"detail": "Internal server error"}),
    "unavailable": reply_json(503, {"detail": "Service unavailable"}),
}


def error(name: str, model: str = "", now: float = 0.0) -> Reply:
    """A named error."""
    return made(ERRORS[name], model, now)


@dataclass(frozen=True, slots=True)
class Target:
    """A voice and the way its speech is sent."""

    voice: str
    streamed: bool
    timed: bool


def read_path(path: str) -> Target | None:
    """What a speech path addresses; None for every other path."""
    found = re.fullmatch(r"/v1/text-to-speech/([^/]+?)(/stream)?(/with-timestamps)?", path)
    return Target(found[1], bool(found[2]), bool(found[3])) if found else None


class ElevenLabs:
    """Answers as the ElevenLabs API does for an account on the free plan."""

    name = "elevenlabs"
    errors = ERRORS
    empty_forms = ("sound",)

    def __init__(self, key: str, *, unlimited: bool, now: float) -> None:
        self._key = key
        self._unlimited = unlimited
        self.quotas = Credits(None if unlimited else FREE_CREDITS, now)

    def model(self, call: Call) -> str:
        """The model a call is for."""
        return str(call.fields().get("model_id", DEFAULT_MODEL)) if self.works(call) else ""

    def works(self, call: Call) -> bool:
        """Whether a call speaks."""
        return read_path(call.path) is not None

    def answer(self, call: Call, fault: Fault, _script: Script) -> Reply:
        """Answer a call; speech has no scripted texts."""
        self._check_key(call)
        if fault.error is not None:
            return error(fault.error, self.model(call), call.now)
        if reply := substitute(fault):
            return reply
        target = read_path(call.path)
        if target is not None and call.method == "POST":
            return self._speak(call, target, fault)
        pages: Mapping[tuple[str, str], Callable[[Call], Reply]] = {
            ("GET", "/v1/voices"): _voices_v1,
            ("GET", "/v2/voices"): _voices_v2,
            ("GET", "/v1/models"): _models,
            ("GET", "/v1/user/subscription"): self._subscription,
        }
        page = pages.get((call.method, call.path))
        if page is None:
            raise Refused(reply_json(404, {"detail": "Not Found"}))
        return page(call)

    def _check_key(self, call: Call) -> None:
        key = call.headers.get("xi-api-key")
        if not key:
            raise Refused(error("no_key"))
        if key != self._key:
            raise Refused(error("invalid_key"))

    def _speak(self, call: Call, target: Target, fault: Fault) -> Reply:
        fields = call.fields()
        _check_fields(fields)
        _check_voice(target.voice)
        text = fields["text"]
        model = _check_model(fields, text)
        speed = _speed(fields)
        output_format = call.query.get("output_format", DEFAULT_FORMAT)
        sound, content_type = _sound(output_format, duration_s(text) / speed)
        if call.open_calls >= model.concurrency and not self._unlimited:
            raise Refused(error("concurrency"))
        cost = math.ceil(len(text) * model.credits_per_character)
        left = self.quotas.left(call.now)
        if cost > left:
            raise Refused(over_quota(self.quotas.limit or 0, left, cost))
        self.quotas.spend(call.now, cost)
        headers = {
            "request-id": REQUEST_ID,
            "character-cost": str(cost),
            "history-item-id": "sandbox-history",
            "current-concurrent-requests": str(call.open_calls + 1),
            "maximum-concurrent-requests": str(model.concurrency),
            "x-trace-id": "sandbox-trace",
            "x-region": "local",
        }
        if fault.empty:
            sound = b""
        return _speech(text, speed, sound, content_type, headers, target)

    def _subscription(self, call: Call) -> Reply:
        return reply_json(
            200,
            {
                "tier": "free",
                "character_count": int(self.quotas.used(call.now)),
                "character_limit": int(self.quotas.limit or FREE_CREDITS),
                "max_character_limit_extension": None,
                "can_extend_character_limit": False,
                "allowed_to_extend_character_limit": False,
                "next_character_count_reset_unix": int(self.quotas.resets_at(call.now)),
                "voice_slots_used": 0,
                "professional_voice_slots_used": 0,
                "voice_limit": 3,
                "voice_add_edit_counter": 0,
                "professional_voice_limit": 0,
                "can_extend_voice_limit": False,
                "can_use_instant_voice_cloning": False,
                "can_use_professional_voice_cloning": False,
                "status": "free",
                "open_invoices": [],
                "has_open_invoices": False,
            },
        )


def _check_fields(fields: JsonObject) -> None:
    if "text" not in fields:
        raise Refused(invalid("missing", ["body", "text"], "Field required"))
    if not isinstance(fields["text"], str):
        raise Refused(invalid("string_type", ["body", "text"], "Input should be a valid string"))
    if not isinstance(fields.get("model_id", ""), str):
        raise Refused(
            invalid("string_type", ["body", "model_id"], "Input should be a valid string")
        )
    settings = fields.get("voice_settings") or {}
    if not isinstance(settings, dict):
        raise Refused(invalid("dict_type", ["body", "voice_settings"], "Input should be an object"))
    for name, (lowest, highest) in RANGES.items():
        value = settings.get(name)
        if value is not None and not is_number(value, lowest, highest):
            where = ["body", "voice_settings", name]
            message = f"Input should be from {lowest} to {highest}"
            raise Refused(invalid("value_error", where, message))


def _check_voice(voice: str) -> None:
    if voice in LIBRARY:
        raise Refused(error("paid_plan"))
    if voice not in PREMADE:
        message = f"A voice with the voice_id {voice} was not found."
        raise Refused(legacy(404, "voice_not_found", message))


def _check_model(fields: JsonObject, text: str) -> Model:
    model = MODELS.get(fields.get("model_id", DEFAULT_MODEL))
    if model is None:
        raise Refused(error("model_not_found"))
    if len(text) > model.longest:
        raise Refused(error("too_long"))
    if not model.stitches and (fields.get("previous_text") or fields.get("next_text")):
        raise Refused(error("unsupported_model"))
    return model


def _speed(fields: JsonObject) -> float:
    """How fast the voice is asked to speak; 1 is its own pace."""
    return float((fields.get("voice_settings") or {}).get("speed") or 1.0)


def _sound(output_format: str, length_s: float) -> tuple[bytes, str]:
    """The sound in a format, and its content type; formats of higher plans are refused."""
    if output_format in CREATOR_FORMATS:
        raise Refused(error("creator_only"))
    if output_format.startswith("wav_"):
        raise Refused(error("format_not_allowed"))
    if output_format in TELEPHONE:
        return TELEPHONE[output_format] * round(8000 * length_s), "audio/basic"
    if found := re.fullmatch(r"pcm_(8000|16000|22050|24000|32000|48000)", output_format):
        return tone(int(found[1]), length_s), "audio/pcm"
    known = r"mp3_(?:(22050)_(32)|(24000)_(48)|(44100)_(32|64|96|128))"
    if found := re.fullmatch(known, output_format):
        rate, kbps = (int(part) for part in found.groups() if part)
        return Mp3(rate, kbps).silence(length_s), "audio/mpeg"
    raise Refused(error("bad_format"))


def _speech(
    text: str,
    speed: float,
    sound: bytes,
    content_type: str,
    headers: Mapping[str, str],
    target: Target,
) -> Reply:
    ok = bool(sound)
    if target.timed:
        parts = _timed(text, speed, sound, parts=2 if target.streamed else 1)
        if not target.streamed:
            return reply_json(200, parts[0], headers, ok=ok)
        lines = [dump(part) + b"\n" for part in parts]  # JSON lines, not server-sent events
        return reply_stream(lines, headers, ok=ok, content_type="application/json")
    chunks = [sound[i : i + CHUNK_BYTES] for i in range(0, len(sound), CHUNK_BYTES)]
    if target.streamed:
        return reply_stream(chunks, headers, ok=ok, content_type=content_type)
    return Reply(
        status=200, chunks=(sound,), headers={"content-type": content_type, **headers}, ok=ok
    )


def _timed(text: str, speed: float, sound: bytes, parts: int) -> list[JsonObject]:
    """The sound in parts, each with the times of its characters."""
    pace_s = SECONDS_PER_CHARACTER / speed
    edges = [round(len(text) * i / parts) for i in range(parts + 1)]
    cuts = [len(sound) * i // parts for i in range(parts + 1)]
    timed = []
    for i in range(parts):
        positions = range(edges[i], edges[i + 1])
        alignment = {
            "characters": [text[p] for p in positions],
            "character_start_times_seconds": [round(p * pace_s, 3) for p in positions],
            "character_end_times_seconds": [round((p + 1) * pace_s, 3) for p in positions],
        }
        audio = base64.b64encode(sound[cuts[i] : cuts[i + 1]]).decode()
        timed.append(
            {"audio_base64": audio, "alignment": alignment, "normalized_alignment": alignment}
        )
    return timed


def _voice(voice: str, name: str, category: str) -> JsonObject:
    return {
        "voice_id": voice,
        "name": name,
        "category": category,
        "labels": {"language": "en"},
        "description": f"{name}, as the sandbox plays it",
        "preview_url": None,
        "available_for_tiers": [],
        "settings": None,
    }


def _known_voices(call: Call) -> list[JsonObject]:
    wanted = call.query.get("search", "").lower()
    voices = [_voice(voice, name, "premade") for voice, name in PREMADE.items()]
    voices += [_voice(voice, name, "professional") for voice, name in LIBRARY.items()]
    return [voice for voice in voices if wanted in voice["name"].lower()]


def _voices_v1(call: Call) -> Reply:
    return reply_json(200, {"voices": _known_voices(call)})


def _voices_v2(call: Call) -> Reply:
    voices = _known_voices(call)
    size = int(call.query.get("page_size", "10"))
    start = int(call.query.get("next_page_token", "0") or "0")
    more = start + size < len(voices)
    return reply_json(
        200,
        {
            "voices": voices[start : start + size],
            "has_more": more,
            "total_count": len(voices),
            "next_page_token": str(start + size) if more else None,
        },
    )


def _models(_call: Call) -> Reply:
    return reply_json(
        200,
        [
            {
                "model_id": name,
                "name": name.replace("_", " ").title(),
                "can_do_text_to_speech": True,
                "languages": [{"language_id": "en", "name": "English"}],
                "maximum_text_length_per_request": model.longest,
            }
            for name, model in MODELS.items()
        ],
    )
