"""Errors as HTTP answers: one table from what went wrong to a status and a `detail`."""

import math
from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from answers import Declined, NoProviderConfigured, OutOfTime, Unanswered, Unfit
from endpoints.shutdown import ShuttingDown
from failover import Attempt
from planning.speech import NoSpeech, SpeechFailed, Unspeakable
from providers.errors import FailureKind

WHAT_TO_DO = (
    "add at least one API key to .env (docs/QUICK_START.md says how to get one for free), or"
    " install the embedded model (the same page says how)"
)


def install(app: FastAPI) -> None:
    """Make *app* answer our own errors."""

    @app.exception_handler(Unanswered)
    async def unanswered(_: Request, error: Unanswered) -> JSONResponse:
        if isinstance(error, NoProviderConfigured):
            return _answer(500, f"{error}: {WHAT_TO_DO}", {})
        headers = _attempts(error.attempts)
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
        return _answer(504 if isinstance(error, OutOfTime) else 503, str(error), headers)

    @app.exception_handler(Unfit)
    async def unfit(_: Request, error: Unfit) -> JSONResponse:
        status = 413 if error.kind is FailureKind.TOO_LARGE else 400
        return _answer(status, str(error), _attempts(error.attempts))

    @app.exception_handler(Declined)
    async def declined(_: Request, error: Declined) -> JSONResponse:
        return _answer(400, str(error), _attempts(error.attempts))

    @app.exception_handler(ShuttingDown)
    async def shutting_down(_: Request, __: ShuttingDown) -> JSONResponse:
        headers = {"Connection": "close", "Retry-After": "5"}
        return _answer(503, "The service shut down before there was an answer", headers)

    @app.exception_handler(NoSpeech)
    async def no_speech(_: Request, error: NoSpeech) -> JSONResponse:
        return _answer(501, str(error), {})

    @app.exception_handler(Unspeakable)
    async def unspeakable(_: Request, error: Unspeakable) -> JSONResponse:
        return _answer(400, str(error), {})

    @app.exception_handler(SpeechFailed)
    async def speech_failed(_: Request, error: SpeechFailed) -> JSONResponse:
        return _answer(500, f"Error generating audio: {error}", {})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Without the input itself: it may be large, and JSON cannot say all that it may hold.
        wrong = [{key: e[key] for key in ("type", "loc", "msg")} for e in error.errors()]
        return JSONResponse({"detail": wrong}, 422)


def _answer(status: int, detail: str, headers: dict[str, str]) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)


def _attempts(attempts: Sequence[Attempt]) -> dict[str, str]:
    return {"X-Attempts": str(len(attempts))}
