"""Errors as HTTP answers: what went wrong becomes a `Problem`, told in the words of the API asked.

Our own endpoints say `detail`; those under `/v1` say OpenAI's `error` object, with the headers by
which its clients decide whether and when to ask again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from answers import (
    AllProvidersFailed,
    Declined,
    Interrupted,
    NoProviderConfigured,
    NotCached,
    OutOfTime,
    RateLimited,
    Unfit,
)
from endpoints.formats import NoSuchFormat
from endpoints.idempotency import WrongKey
from endpoints.requests import CallerGone
from endpoints.security import Forbidden, TooManyRequests, Unauthorised
from endpoints.shutdown import ShuttingDown
from planning.engine.asking import Paused
from planning.engine.engine import Unwritten
from planning.engine.runs import RunFailed, RunStopped, TooManyRuns, UnknownRun
from planning.render.errors import (
    RenderFailed,
    TookTooLong,
    TooLarge,
    Unprintable,
    UnusableFont,
)
from planning.voices.base import NoSpeech, SpeechFailed, UnknownVoice, Unspeakable
from providers.errors import FailureKind

WHAT_TO_DO = (
    "add at least one API key to .env (docs/QUICK_START.md says how to get one for free), or"
    " install the embedded model (the same page says how)"
)
# OpenAI's own words for some errors: its clients look for them.
REJECTED = "The request was rejected as a result of the safety system"
TOO_LONG = "Input tokens exceed the configured limit of every model that may answer"
OPENAI_TYPES = {403: "request_forbidden", 429: "requests"}
LONGEST_RETRY_S = 60.0  # OpenAI's clients do not wait for longer
GONE = Response(status_code=499)  # nobody reads it; logs show it, as nginx would
UNION_MARK = "~"  # see `endpoints/v1/request.py`


class UnknownModel(Exception):
    """Nobody offers the model that was asked for."""

    def __init__(self, model: str) -> None:
        shown = model[:128].encode("ascii", "backslashreplace").decode()
        super().__init__(f"The model '{shown}' does not exist; GET /v1/models lists those that do")


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, and whether and when (in seconds) the same request may be worth repeating."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    attempts: int | None = None
    retry_after_s: float | None = None
    should_retry: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    detail: Any = None  # in place of the message, for our own endpoints


@dataclass(frozen=True, slots=True)
class Telling:
    """How one class of errors is told: *says* is given its text."""

    status: int
    code: str | None = None
    param: str | None = None
    says: str = "{}"


TELLINGS: dict[type[Exception], Telling] = {
    NoProviderConfigured: Telling(500, "no_provider", says=f"{{}}: {WHAT_TO_DO}"),
    OutOfTime: Telling(504, "timeout"),
    NotCached: Telling(504, "not_cached"),
    RateLimited: Telling(503, "rate_limited"),
    AllProvidersFailed: Telling(503, "all_providers_failed"),
    Declined: Telling(400, "content_filter", "messages", f"{REJECTED}: {{}}"),
    Interrupted: Telling(502, "interrupted"),
    Unfit: Telling(400),
    UnknownModel: Telling(404, "model_not_found", "model"),
    ShuttingDown: Telling(503, "shutting_down"),
    Unauthorised: Telling(401, "invalid_api_key"),
    Forbidden: Telling(403, "forbidden"),
    TooManyRequests: Telling(429, "rate_limit_exceeded"),
    WrongKey: Telling(422, "idempotency_key_reused"),
    NoSpeech: Telling(501),
    UnknownVoice: Telling(400, "voice_not_found", "voice"),
    Unspeakable: Telling(400),
    SpeechFailed: Telling(500, says="Error generating audio: {}"),
    Paused: Telling(503, "paused", says="Paused, nothing is lost: {}. Ask again to go on"),
    TooManyRuns: Telling(503, "too_many_runs"),
    UnknownRun: Telling(404, "unknown_run", says="There is no such run, or it is too old"),
    Unwritten: Telling(404, "unwritten"),
    RunStopped: Telling(409, "stopped"),
    RunFailed: Telling(502, "run_failed"),
    NoSuchFormat: Telling(406, "no_such_format"),
    Unprintable: Telling(422, "unprintable"),
    UnusableFont: Telling(500, "unusable_font"),
    TooLarge: Telling(422, "too_large_to_render"),
    TookTooLong: Telling(503, "rendering_took_too_long"),
    RenderFailed: Telling(500, "rendering_failed"),
}
OF_A_KIND: dict[tuple[type[Exception], FailureKind], Telling] = {
    (Unfit, FailureKind.TOO_LARGE): Telling(
        413, "context_length_exceeded", "messages", f"{TOO_LONG}. {{}}"
    ),
    (Unfit, FailureKind.UNSUPPORTED): Telling(400, "unsupported"),
    (Interrupted, FailureKind.CONTENT_FILTER): Telling(502, "content_filter"),
}
HEADERS_OF: dict[type[Exception], Mapping[str, str]] = {
    ShuttingDown: {"Connection": "close"},
    Unauthorised: {"WWW-Authenticate": "Bearer"},
}
OUR_FAULT = Problem(500, "The service made a mistake; its log says more", "internal_error")


def problem_of(error: Exception) -> Problem:
    """What *error* means to whoever asked."""
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, str(error.detail), headers=error.headers or {})
    telling = TELLINGS.get(type(error))
    if telling is None:
        return OUR_FAULT
    kind = getattr(error, "kind", None)
    telling = OF_A_KIND.get((type(error), kind), telling) if kind else telling
    wait_s = 5.0 if isinstance(error, ShuttingDown) else getattr(error, "retry_after_s", None)
    attempts = getattr(error, "attempts", None)
    return Problem(
        status=telling.status,
        message=telling.says.format(error),
        code=telling.code,
        param=telling.param,
        attempts=None if attempts is None else len(attempts),
        retry_after_s=wait_s if wait_s is not None and math.isfinite(wait_s) else None,
        should_retry=isinstance(error, RateLimited | ShuttingDown | TooManyRequests)
        and (wait_s or 0) <= LONGEST_RETRY_S,
        headers=HEADERS_OF.get(type(error), {}),
    )


def openai_error(problem: Problem) -> dict[str, Any]:
    """*problem* as OpenAI's `error` object."""
    usual = "invalid_request_error" if problem.status < 500 else "server_error"
    return {
        "message": problem.message,
        "type": OPENAI_TYPES.get(problem.status, usual),
        "param": problem.param,
        "code": problem.code,
    }


def answer(path: str, error: Exception, method: str = "POST") -> Response:
    """*error* as the answer to a request for *path*."""
    problem = problem_of(error)
    headers = dict(problem.headers)
    if problem.attempts is not None:
        headers["X-Attempts"] = str(problem.attempts)
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after_s)))
    if not is_openais(path):
        detail = problem.message if problem.detail is None else problem.detail
        return JSONResponse({"detail": detail}, problem.status, headers)
    headers["x-should-retry"] = "true" if problem.should_retry else "false"
    if problem.retry_after_s is not None:
        headers["retry-after-ms"] = str(max(1, math.ceil(problem.retry_after_s * 1000)))
    told = openai_error(problem)
    if isinstance(error, HTTPException) and error.status_code == 404:
        told["message"] = f"Invalid URL ({method} {path})"
    if isinstance(error, HTTPException) and error.status_code == 405:
        told["message"], told["code"] = (
            f"Not allowed to {method} on {path}.",
            "method_not_supported",
        )
    return JSONResponse({"error": told}, _openai_status(problem), headers)


def is_openais(path: str) -> bool:
    """Whether *path* belongs to the API that speaks as OpenAI's does."""
    return path == "/v1" or path.startswith("/v1/")


def install(app: FastAPI) -> None:
    """Make *app* answer what goes wrong."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer(request.url.path, error, request.method)

    async def gone(_: Request, __: Exception) -> Response:
        return GONE

    app.add_exception_handler(CallerGone, gone)
    for kind in (Exception, HTTPException, RequestValidationError, *TELLINGS):
        app.add_exception_handler(kind, handle)


def _openai_status(problem: Problem) -> int:
    """OpenAI says 400 for all that is wrong with a request but the size of its body."""
    if problem.status == 422 or problem.code == "context_length_exceeded":
        return 400
    return problem.status


def _invalid(error: RequestValidationError) -> Problem:
    """What is wrong with a body, field by field, and the first of them in OpenAI's words."""
    found = error.errors()
    # Without the input itself: it may be large, and JSON cannot say all that it may hold.
    detail = [{key: e[key] for key in ("type", "loc", "msg")} for e in found]
    first = found[0]
    if first["type"] == "json_invalid":
        return Problem(422, "The body of the request is not valid JSON", detail=detail)
    if error.body and isinstance(error.body, bytes):  # it was not even looked at
        words = "The body of the request has to be sent with 'Content-Type: application/json'"
        return Problem(422, words, detail=detail)
    param = _param(first["loc"])
    if param is None and first["type"] == "model_attributes_type":
        return Problem(422, "The body of the request has to be a JSON object", detail=detail)
    reason = first["msg"].removeprefix("Value error, ")
    message = f"Invalid value for '{param}': {reason}" if param else reason
    return Problem(422, message, "invalid_value", param, detail=detail)


def _param(place: tuple[str | int, ...]) -> str | None:
    """The name of a field as OpenAI writes it: `messages[0].content[1].text`."""
    name = ""
    for step in place[1:]:
        if isinstance(step, int):
            name += f"[{step}]"
        elif not step.startswith(UNION_MARK):
            name += f".{step}" if name else step
    return name or None
