"""ElevenLabs, through its own SDK: one paid request an utterance, with the times of its characters."""

import asyncio
import base64
import binascii
import contextlib
import logging
import math
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clock import SYSTEM_CLOCK, Clock
from failover import VERDICTS
from planning.sentences import begins_word
from planning.timing import Manner
from planning.voices.base import SAMPLE_BYTES, Offer, Sound, SpeechFailed, Stretch, Utterance, Voice
from providers.errors import FailureKind, Row, Signals, classify, read_retry_after
from providers.outbound import proxy_for

if TYPE_CHECKING:
    from elevenlabs import AsyncElevenLabs
    from elevenlabs.core.api_error import ApiError
    from elevenlabs.core.request_options import RequestOptions
    from httpx import AsyncClient

log = logging.getLogger("trimaran.speech")

K = FailureKind
TIMEOUT_S = 60.0
LISTED_S = 3600.0  # how long the list of voices is kept
LONGEST = (
    1_500  # characters a request, under every model's limit: a failure costs no more than that
)
MANNER = Manner(slowest=0.7, fastest=1.2, pace=1.1)  # voice_settings.speed; some 150 words a minute
OUTPUT_FORMAT = "pcm_24000"  # the free tier may not ask for WAV
ONCE: "RequestOptions" = {"max_retries": 0}  # the SDK would ask three times, and pay for each
FACTS_AS_OF = "2026-11-22"


@dataclass(frozen=True, slots=True)
class Model:
    """What a model costs and can. *stitches* says whether it takes the text before and after."""

    credits_per_character: float
    concurrency: int
    languages: tuple[str, ...]
    stitches: bool = True
    takes_language: bool = True


_29 = tuple(
    re.findall(
        r"\w+",
        "en ja zh de hi fr ko pt it es id nl tr fil pl sv bg ro ar cs el fi hr ms sk da ta uk ru",
    )
)
_32 = (*_29, "hu", "no", "vi")
_74 = tuple(
    re.findall(
        r"\w+",
        "af ar hy as az be bn bs bg ca ceb ny hr cs da nl en et fil fi fr gl ka de el gu ha he hi hu"
        " is id ga it ja jv kn kk ky ko lv ln lt lb mk ms ml zh mr ne no ps fa pl pt pa ro ru sr sd"
        " sk sl so es sw sv ta te th tr uk ur vi cy",
    )
)
# elevenlabs.io/docs/overview/models, read 2026-11; of a model that is not here nothing is assumed.
MODELS = {
    "eleven_v3": Model(1, 2, _74, stitches=False),
    "eleven_multilingual_v2": Model(1, 2, _29, takes_language=False),
    "eleven_flash_v2_5": Model(0.5, 4, _32),
    "eleven_turbo_v2_5": Model(0.5, 4, _32),
    "eleven_flash_v2": Model(0.5, 4, ("en",)),
    "eleven_turbo_v2": Model(0.5, 4, ("en",)),
}
UNKNOWN_MODEL = Model(1, 2, (), stitches=False, takes_language=False)
_RETIRING = "premade; ElevenLabs retires these on 2026-12-31"
# Premade voices, which free accounts may use; accounts made since March 2026 may lack them.
PREMADE = (
    Voice("JBFqnCBsd6RMkjVDRZzb", "George", _RETIRING, FACTS_AS_OF),
    Voice("EXAVITQu4vr4xnSDxMaL", "Sarah", _RETIRING, FACTS_AS_OF),
    Voice("CwhRBWXzGAHq8TQ4Fs17", "Roger", _RETIRING, FACTS_AS_OF),
    Voice("FGY2WhTYpPnrIDTdsKH5", "Laura", _RETIRING, FACTS_AS_OF),
)
VOICE_ID = re.compile(r"[A-Za-z0-9]{20}")


def _by_code(kind: FailureKind, *codes: str) -> Row:
    return Row(kind, codes=frozenset(codes))


# Its own codes; what is not here is judged by its status, as for every provider.
TABLE = (
    _by_code(K.CREDITS, "quota_exceeded"),  # a 401, although the key is good
    _by_code(K.AUTH, "needs_authorization", "invalid_api_key", "missing_permissions"),
    _by_code(K.ACCESS, "detected_unusual_activity"),
    _by_code(K.NO_FREE_QUOTA, "paid_plan_required", "payment_required"),
    _by_code(K.NO_FREE_QUOTA, "only_for_creator+", "output_format_not_allowed"),
    _by_code(K.MODEL_GONE, "voice_not_found", "model_not_found"),
    _by_code(K.TOO_LARGE, "text_too_long", "max_character_limit_exceeded"),
    _by_code(K.CAPACITY, "too_many_concurrent_requests", "concurrent_limit_exceeded"),
    _by_code(K.OVERLOADED, "system_busy"),
)
ADVICE = {
    K.CREDITS: "credits come back with the account's next month",
    K.AUTH: "check ELEVENLABS_API_KEY and its permission text_to_speech",
    K.ACCESS: "free accounts are often refused from servers and VPNs",
    K.NO_FREE_QUOTA: "choose a voice that GET /speech/voices lists",
    K.MODEL_GONE: "choose a voice that GET /speech/voices lists",
}


@dataclass(slots=True)
class ElevenLabs:
    """Speaks for credits. *voice_id* is its usual voice.

    When the credits are used up it remembers how many are left and until when, so that what costs
    more is not asked for again; a shorter text still may.
    """

    key: str = field(repr=False)
    voice_id: str
    model: str
    base_url: str
    clock: Clock = SYSTEM_CLOCK
    proxy: str = field(default="", repr=False)
    name: str = "elevenlabs"
    label: str = "ElevenLabs"
    _client: "AsyncElevenLabs | None" = None
    _http: "AsyncClient | None" = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _turns: asyncio.Semaphore = field(init=False)
    _credits_left: float = math.inf
    _renewed_at: float = -math.inf
    _listed: tuple[Voice, ...] = PREMADE
    _listed_until_s: float = -math.inf

    def __post_init__(self) -> None:
        """Speak as many at once as the account may."""
        self._turns = asyncio.Semaphore(self.facts.concurrency)

    @property
    def facts(self) -> Model:
        """What is known about its model."""
        return MODELS.get(self.model, UNKNOWN_MODEL)

    @property
    def offer(self) -> Offer:
        """See `Engine.offer`."""
        facts = self.facts
        left = self._credits_left if self._renewed_at > self.clock.time() else None
        return Offer(MANNER, facts.languages, LONGEST, facts.credits_per_character, left)

    def voice(self, wanted: str) -> str | None:
        """See `Engine.voice`. Whatever looks like an id is one: accounts have voices of their own."""
        if not wanted or wanted == self.voice_id:
            return self.voice_id
        by_name = {voice.name.lower(): voice.id for voice in PREMADE}
        return by_name.get(wanted.lower()) or (wanted if VOICE_ID.fullmatch(wanted) else None)

    def objection(self, text: str, language: str) -> str:
        """See `Engine.objection`. Without a *language* it finds out by itself."""
        del text
        primary = _primary(language)
        if not primary or not self.facts.languages or primary in self.facts.languages:
            return ""
        who = [name for name, facts in MODELS.items() if primary in facts.languages]
        cure = f"; set ELEVENLABS_MODEL={who[0]}" if who else ""
        return f"{self.model} does not speak the language {primary!r}{cure}"

    async def speak(self, utterance: Utterance) -> Sound:
        """See `Engine.speak`."""
        cost = math.ceil(len(utterance.text) * self.facts.credits_per_character)
        left_s = self._renewed_at - self.clock.time()
        if cost > self._credits_left and left_s > 0:
            raise self._failed(K.CREDITS, f"{self._credits_left:.0f} left, {cost} needed", left_s)
        async with self._turns:
            answer = await self._asked(utterance)
        self._credits_left -= cost
        return self._sound(utterance, answer)

    async def voices(self) -> tuple[Voice, ...]:
        """See `Engine.voices`: those that the account may use, or the premade ones if it cannot tell.

        Asking is free of charge; the answer is kept for an hour.
        """
        if self.clock.monotonic() >= self._listed_until_s:
            self._listed_until_s = self.clock.monotonic() + LISTED_S
            try:
                self._listed = await self._list()
            except SpeechFailed as failed:
                log.warning("the voices of the account are not known: %s", failed)
                self._listed = PREMADE
        return self._listed

    async def _list(self) -> tuple[Voice, ...]:
        client = await self._connected()
        async with self._telling():
            page = await client.voices.search(page_size=100, request_options=ONCE)
        today = datetime.fromtimestamp(self.clock.time(), UTC).date().isoformat()
        return tuple(
            Voice(voice.voice_id, (voice.name or "").split(" - ")[0], _described(voice), today)
            for voice in page.voices
            if voice.category != "professional"  # of the library: paid plans only
        )

    async def aclose(self) -> None:
        """See `Engine.aclose`."""
        if self._http is not None:
            await self._http.aclose()
        self._client = self._http = None

    async def _asked(self, utterance: Utterance) -> Any:
        """What the API answers. Raises `SpeechFailed`."""
        client, facts = await self._connected(), self.facts
        options: dict[str, Any] = {}
        if utterance.speed != 1.0:
            from elevenlabs import VoiceSettings

            options["voice_settings"] = VoiceSettings(speed=utterance.speed)
        if facts.takes_language and utterance.language:
            options["language_code"] = _primary(utterance.language)
        if facts.stitches:
            neighbours = {"previous_text": utterance.before, "next_text": utterance.after}
            options |= {name: text for name, text in neighbours.items() if text}
        try:
            async with self._telling():
                return await client.text_to_speech.convert_with_timestamps(
                    voice_id=utterance.voice,
                    text=utterance.text,
                    model_id=self.model,
                    output_format=OUTPUT_FORMAT,
                    request_options=ONCE,
                    **options,
                )
        except SpeechFailed as failed:
            if failed.kind is K.CREDITS:
                failed.retry_after_s = await self._renewal_s(client)
                self._renewed_at = self.clock.time() + failed.retry_after_s
            raise

    async def _renewal_s(self, client: "AsyncElevenLabs") -> float:
        """In how many seconds the account gets new credits; a guess when it does not say."""
        with contextlib.suppress(SpeechFailed):  # a key may be allowed to speak and nothing else
            async with self._telling():
                account = await client.user.subscription.get(request_options=ONCE)
            if reset_at := account.next_character_count_reset_unix:
                return max(1.0, float(reset_at) - self.clock.time())
        return VERDICTS[K.CREDITS].hold_s

    @contextlib.asynccontextmanager
    async def _telling(self) -> AsyncIterator[None]:
        """Tells whatever goes wrong with a request as `SpeechFailed`."""
        from elevenlabs.core.api_error import ApiError
        from elevenlabs.core.parse_error import ParsingError
        from httpx import ConnectError, ConnectTimeout, HTTPError, TimeoutException

        try:
            async with asyncio.timeout(TIMEOUT_S):
                yield
        except ApiError as error:
            raise self._refused(error) from None
        except (ConnectError, ConnectTimeout):
            raise self._failed(K.NOT_SENT) from None
        except (TimeoutError, TimeoutException):
            raise self._failed(K.TIMEOUT) from None
        except (HTTPError, OSError):
            raise self._failed(K.RESET) from None
        except (TypeError, ValueError, ParsingError):  # the SDK takes JSON for what it should be
            raise self._failed(K.BAD_BODY) from None

    def _sound(self, utterance: Utterance, answer: Any) -> Sound:
        try:
            samples = base64.b64decode(answer.audio_base_64 or "", validate=True)
        except (AttributeError, TypeError, binascii.Error):
            raise self._failed(K.BAD_BODY) from None
        if not samples:
            raise self._failed(K.EMPTY)
        samples = samples[: len(samples) // SAMPLE_BYTES * SAMPLE_BYTES]
        length_s = Sound(samples, ()).seconds
        times = _times(answer.alignment, utterance.text)
        if times is None:
            return Sound(samples, (Stretch(utterance.text, 0.0, length_s),))
        return Sound(samples, tuple(_words(utterance.text, *times, length_s)))

    def _refused(self, error: "ApiError") -> SpeechFailed:
        """What an answer that is none means."""
        codes = tuple(_codes(error.body))
        signals = Signals(status=error.status_code or 0, codes=codes)
        kind = next((row.kind for row in TABLE if row.matches(signals)), None) or classify(signals)
        if kind is K.CREDITS:
            left = re.search(r"have (\d+) credits remaining", _message(error.body))
            self._credits_left = float(left[1]) if left else 0.0
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        hint_s = read_retry_after(headers, self.clock.time())
        return self._failed(kind, ", ".join([str(error.status_code), *codes[:1]]), hint_s)

    def _failed(
        self, kind: FailureKind, facts: str = "", retry_after_s: float | None = None
    ) -> SpeechFailed:
        told = f"{self.label}: {kind.value}" + (f" ({facts})" if facts else "")
        return SpeechFailed("; ".join(filter(None, [told, ADVICE.get(kind)])), kind, retry_after_s)

    async def _connected(self) -> "AsyncElevenLabs":
        """The client; its import and certificates take half a second that the loop must not wait."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._connect)
            return self._client

    def _connect(self) -> "AsyncElevenLabs":
        from elevenlabs import AsyncElevenLabs
        from httpx import AsyncClient  # what the SDK speaks through

        way = proxy_for(self.base_url, self.proxy)
        self._http = AsyncClient(timeout=TIMEOUT_S, proxy=way, trust_env=False)
        return AsyncElevenLabs(api_key=self.key, base_url=self.base_url, httpx_client=self._http)


def _times(alignment: Any, text: str) -> tuple[Sequence[float], Sequence[float]] | None:
    """When each character of *text* begins and ends to be heard; None when that is not told.

    What they call a character may be several code points.
    """
    characters = getattr(alignment, "characters", None) or ()
    starts = getattr(alignment, "character_start_times_seconds", None) or ()
    ends = getattr(alignment, "character_end_times_seconds", None) or ()
    are_numbers = all(isinstance(time, int | float) for time in (*starts, *ends))
    is_whole = len(starts) == len(ends) == len(characters) and "".join(characters) == text
    if not (are_numbers and is_whole):
        return None
    lengths = [len(character) for character in characters]
    return _repeated(starts, lengths), _repeated(ends, lengths)


def _repeated(times: Sequence[float], lengths: Sequence[int]) -> list[float]:
    return [time for time, length in zip(times, lengths, strict=True) for _ in range(length)]


def _words(
    text: str, starts: Sequence[float], ends: Sequence[float], length_s: float
) -> Iterator[Stretch]:
    """The words of *text*, with the spaces behind them, and when each is heard.

    In scripts without spaces each letter counts as one.
    """
    begin = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or begins_word(text[i - 1], text[i]):
            start_s, end_s = min(starts[begin], length_s), min(ends[i - 1], length_s)
            yield Stretch(text[begin:i], start_s, end_s)
            begin = i


def _codes(body: Any) -> Iterator[str]:
    """The codes in an error body; their messages may repeat the text, so they stay out."""
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, dict):
        for name in ("status", "code"):
            code = detail.get(name)
            if isinstance(code, str) and re.fullmatch(r"[\w+]{1,64}", code):
                yield code


def _message(body: Any) -> str:
    detail = body.get("detail") if isinstance(body, dict) else None
    return str(detail.get("message", "")) if isinstance(detail, dict) else ""


def _described(voice: Any) -> str:
    labels = voice.labels or {}
    facts = [labels.get("language"), labels.get("accent"), labels.get("gender"), voice.category]
    return ", ".join(str(fact) for fact in facts if fact)


def _primary(language: str) -> str:
    """The language itself, as ElevenLabs calls it."""
    primary = re.split(r"[-_]", language.lower())[0]
    return {"nb": "no", "nn": "no", "tl": "fil", "cmn": "zh"}.get(primary, primary)
