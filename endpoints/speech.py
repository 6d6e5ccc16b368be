"""Speech: a text in, audio or its captions out; the pitch to the second; and the voices there are."""

import asyncio
import base64
from dataclasses import asdict
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from endpoints.requests import FreshnessAsked, RouterInUse, TimeoutAsked, while_wanted
from planning.captions import cues, srt, vtt
from planning.shortening import Shortener
from planning.speech import Speaker, Spoken, Wanted, is_speakable
from planning.voices.base import Engine
from planning.voices.sound import AudioFormat, wrapped

LONGEST_TEXT = 5_000  # characters; over five minutes of speech
JSON, VTT, SRT = "application/json", "text/vtt", "application/x-subrip"
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]


class PitchAudioRequest(BaseModel):
    """What the audio endpoint is sent."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"example": {"pitch_text": "Imagine a village with light."}}
    )

    pitch_text: Text


class SpeechRequest(BaseModel):
    """What is to be spoken. *seconds* is the time that it should take."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"text": "Imagine a village with light.", "seconds": 30}},
    )

    text: Text
    seconds: Literal[30, 45, 60, 90] | None = None
    voice: Annotated[str, StringConstraints(max_length=64)] = ""
    language: Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2,3}([-_]\w{2,8})*)?$")] = ""
    format: AudioFormat | None = Field(None, description="wav, or mp3; a JSON answer has mp3")


async def _speaker(request: Request) -> Speaker:
    speaker: Speaker = request.app.state.speaker
    return speaker


SpeakerInUse = Annotated[Speaker, Depends(_speaker)]
AUDIO: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The spoken text.",
        "content": {"audio/wav": {}, "audio/mpeg": {}},
    },
    400: {"description": "There is nothing to speak, or the voice does not speak its language."},
    500: {"description": "Every speech engine failed."},
    501: {"description": "No speech engine is configured."},
}
SPEECH = {
    **AUDIO,
    200: {
        "description": "The spoken text, or its captions, as the `Accept` header asks for.",
        "content": {"audio/wav": {}, "audio/mpeg": {}, VTT: {}, SRT: {}, JSON: {}},
    },
}


def speech_routes() -> APIRouter:
    """The routes of spoken texts."""
    routes = APIRouter(tags=["speech"])

    @routes.post(
        "/generatePitchAudio",
        summary="The pitch, spoken",
        response_class=Response,
        responses=AUDIO,
    )
    async def speak(
        request: Request,
        body: PitchAudioRequest,
        speaker: SpeakerInUse,
        freshness: FreshnessAsked,
        accept: Annotated[str, Header()] = "",
    ) -> Response:
        if not body.pitch_text.strip():
            raise HTTPException(400, "Invalid or missing pitch_text in request body")
        if not is_speakable(body.pitch_text):
            raise HTTPException(400, "pitch_text has nothing in it that can be spoken")
        form = AudioFormat.MP3 if "audio/mpeg" in accept else AudioFormat.WAV
        wanted = Wanted(body.pitch_text, name="generatePitchAudio")
        spoken = await while_wanted(request, speaker.speak(wanted, freshness))
        return await audio(spoken, form, "pitch")

    @routes.post(
        "/speech",
        summary="A text, spoken within a time",
        response_class=Response,
        responses=SPEECH,
    )
    async def say(
        request: Request,
        body: SpeechRequest,
        speaker: SpeakerInUse,
        router: RouterInUse,
        freshness: FreshnessAsked,
        timeout_s: TimeoutAsked = None,
        accept: Annotated[str, Header()] = "",
    ) -> Response:
        if not is_speakable(body.text):
            raise HTTPException(400, "text has nothing in it that can be spoken")
        wanted = Wanted(body.text, body.voice, body.language, body.seconds, name="speech")
        shortener = Shortener(router, body.language, freshness)
        work = speaker.speak(wanted, freshness, rewrite=shortener, timeout_s=timeout_s)
        return await shown(await while_wanted(request, work), accept, body.format)

    @routes.get("/speech/voices", summary="The voices, and what each engine can")
    async def voices(speaker: SpeakerInUse) -> dict[str, Any]:
        return {"engines": [await offered(engine, speaker) for engine in speaker.engines]}

    return routes


async def shown(spoken: Spoken, accept: str, form: AudioFormat | None) -> Response:
    """*spoken* in the form that *accept* (an `Accept` header) or *form* asks for."""
    if form is None and "audio/mpeg" in accept:
        form = AudioFormat.MP3
    if not any(kind in accept for kind in (VTT, SRT, JSON)):
        return await audio(spoken, form or AudioFormat.WAV, "speech")
    captions = await asyncio.to_thread(cues, spoken.sound.stretches, spoken.seconds)
    if VTT in accept:
        return Response(vtt(captions), media_type=VTT, headers=told(spoken))
    if SRT in accept:
        return Response(srt(captions), media_type=SRT, headers=told(spoken))
    form = form or AudioFormat.MP3
    file = await asyncio.to_thread(wrapped, spoken.sound, form)
    return Response(
        orjson.dumps(
            {
                "text": spoken.text,
                "seconds": round(spoken.seconds, 3),
                "target_seconds": spoken.target_s,
                "deviation": None if spoken.deviation is None else round(spoken.deviation, 4),
                "is_shortened": spoken.is_rewritten,
                "engine": spoken.engine,
                "voice": spoken.voice,
                "speed": spoken.speed,
                "takes": spoken.takes,
                "paid_characters": spoken.characters,
                "media_type": form.media_type,
                "audio": base64.b64encode(file).decode(),
                "srt": srt(captions),
                "vtt": vtt(captions),
            }
        ),
        media_type=JSON,
        headers=told(spoken),
    )


async def audio(spoken: Spoken, form: AudioFormat, stem: str) -> Response:
    """*spoken* as a file to save, called *stem*."""
    return Response(
        await asyncio.to_thread(wrapped, spoken.sound, form),
        media_type=form.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{stem}.{form.value}"',
            **told(spoken),
        },
    )


async def offered(engine: Engine, speaker: Speaker) -> dict[str, Any]:
    """What *engine* offers: its voices, languages, speeds and price, and whether it may be asked."""
    offer, usual = engine.offer, engine.voice("") or ""
    wait_s, reason = await speaker.supply.hold(engine, usual)
    return {
        "engine": engine.name,
        "label": engine.label,
        "model": engine.model,
        "state": reason or "ready",
        "ready_in_seconds": round(wait_s, 1),
        "languages": offer.languages,
        "speeds": {"slowest": offer.manner.slowest, "fastest": offer.manner.fastest},
        "credits_per_character": offer.credits,
        "credits_left": offer.credits_left,
        "usual_voice": usual,
        "voices": [asdict(voice) for voice in await engine.voices()],
    }


NAMES = (
    "X-Audio-Seconds",
    "X-Audio-Target",
    "X-Audio-Deviation",
    "X-Audio-Engine",
    "X-Audio-Voice",
    "X-Audio-Speed",
    "X-Audio-Takes",
    "X-Audio-Characters",
    "X-Audio-Text",
)


def told(spoken: Spoken) -> dict[str, str]:
    """The headers that say what a sound is, and what it took to get it."""
    headers = {
        "X-Provider": spoken.engine,
        "X-Cache": spoken.cache,
        "X-Audio-Seconds": f"{spoken.seconds:.2f}",
        "X-Audio-Engine": spoken.engine,
        "X-Audio-Voice": spoken.voice,
        "X-Audio-Speed": f"{spoken.speed:g}",
        "X-Audio-Takes": str(spoken.takes),
        "X-Audio-Characters": str(spoken.characters),
        "X-Audio-Text": "shortened" if spoken.is_rewritten else "as given",
    }
    if spoken.target_s is not None and spoken.deviation is not None:
        headers["X-Audio-Target"] = f"{spoken.target_s:g}"
        headers["X-Audio-Deviation"] = f"{spoken.deviation * 100:+.1f}%"
    return headers
