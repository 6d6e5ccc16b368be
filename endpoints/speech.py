"""The audio endpoint: a text in, a WAV (or, if asked for, an MP3) out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from endpoints.requests import FreshnessAsked, while_wanted
from planning.speech import AudioFormat, Speaker

LONGEST_TEXT = 5_000  # characters; over five minutes of speech


class PitchAudioRequest(BaseModel):
    """What the audio endpoint is sent."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"example": {"pitch_text": "Imagine a village with light."}}
    )

    pitch_text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]


def _speaker(request: Request) -> Speaker:
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


def speech_routes() -> APIRouter:
    """The route of spoken pitches."""
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
        form = AudioFormat.MP3 if "audio/mpeg" in accept else AudioFormat.WAV
        spoken = await while_wanted(request, speaker.speak(body.pitch_text, form, freshness))
        return Response(
            spoken.audio,
            media_type=form.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="pitch.{form.value}"',
                "X-Provider": spoken.engine,
                "X-Cache": spoken.cache,
            },
        )

    return routes
