"""From what a provider says when it fails to why it failed, and how long it asks to be left alone."""

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import HttpResponse
from providers.completion import Completion
from providers.errors import (
    LONGEST_HINT_S,
    FailureKind,
    ProviderError,
    Signals,
    classify,
    failure,
    read_duration,
    read_retry_after,
)
from sandbox.cloudflare import ERRORS as CLOUDFLARE_ERRORS
from sandbox.compatible import ALL, Compatible
from sandbox.exchange import ErrorRow, made
from sandbox.gemini import ERRORS as GEMINI_ERRORS
from sandbox.openrouter import ERRORS as OPENROUTER_ERRORS
from sandbox.running import RunningSandbox
from tests.providers.asking import TRANSLATIONS, AccessOf, UpstreamOf, build, prompt, reply

NAMED_ERRORS: dict[str, Mapping[str, ErrorRow]] = {
    "gemini": GEMINI_ERRORS,
    "openrouter": OPENROUTER_ERRORS,
    "cloudflare": CLOUDFLARE_ERRORS,
    **{manners.name: Compatible(manners).errors for manners in ALL},
}

K = FailureKind
COMMON = {
    "bad_request": K.BAD_REQUEST,
    "too_long": K.TOO_LARGE,
    "invalid_key": K.AUTH,
    "no_model": K.MODEL_GONE,
    "minute_quota": K.MINUTE_LIMIT,
    "internal": K.SERVER_ERROR,
    "unavailable": K.OVERLOADED,
}
MEANINGS: dict[str, dict[str, FailureKind]] = {
    "gemini": {
        "invalid_key": K.AUTH,  # a 400, and yet a matter of the key
        "expired_key": K.AUTH,
        "unauthenticated": K.AUTH,
        "no_key": K.AUTH,
        "leaked_key": K.AUTH,
        "service_disabled": K.AUTH,
        "key_blocked": K.AUTH,
        "referrer_blocked": K.AUTH,
        "suspended": K.AUTH,
        "location": K.ACCESS,
        "unknown_field": K.BAD_REQUEST,
        "multiple_candidates": K.BAD_REQUEST,
        "missing_signature": K.BAD_REQUEST,
        "cancelled": K.BAD_REQUEST,
        "too_long": K.TOO_LARGE,
        "too_large": K.TOO_LARGE,
        "model_not_found": K.MODEL_GONE,
        "model_gone": K.MODEL_GONE,
        "daily_quota": K.DAILY_LIMIT,
        "minute_quota": K.MINUTE_LIMIT,
        "token_quota": K.MINUTE_LIMIT,
        "bare_429": K.MINUTE_LIMIT,
        "limit_zero": K.NO_FREE_QUOTA,  # names a daily quota too, but no midnight helps
        "internal": K.SERVER_ERROR,
        "overloaded": K.OVERLOADED,
        "overloaded_old": K.OVERLOADED,
        "timeout_408": K.TIMEOUT,
        "deadline": K.TIMEOUT,
    },
    "openrouter": {
        "missing_auth": K.AUTH,
        "no_credentials": K.AUTH,
        "invalid_key": K.AUTH,
        "region": K.ACCESS,
        "data_policy": K.ACCESS,  # a 404 that a setting of the account mends
        "bad_request": K.BAD_REQUEST,
        "precondition": K.BAD_REQUEST,
        "unprocessable": K.BAD_REQUEST,
        "bad_model": K.MODEL_GONE,
        "no_endpoints": K.MODEL_GONE,
        "no_tools": K.UNSUPPORTED,
        "no_parameters": K.UNSUPPORTED,
        "free_ended": K.MODEL_GONE,
        "too_long": K.TOO_LARGE,
        "too_large": K.TOO_LARGE,
        "fewer_tokens": K.TOO_LARGE,
        "credits": K.CREDITS,
        "key_limit": K.CREDITS,
        "in_flight_budget": K.CAPACITY,
        "moderation": K.CONTENT_FILTER,
        "guardrail": K.CONTENT_FILTER,
        "daily_quota": K.DAILY_LIMIT,  # its message speaks of credits
        "daily_quota_funded": K.DAILY_LIMIT,
        "minute_quota": K.MINUTE_LIMIT,
        "ddos": K.MINUTE_LIMIT,
        "upstream_pool": K.CAPACITY,  # somebody else's limit
        "capacity": K.CAPACITY,
        "quota_in_200": K.CAPACITY,
        "internal": K.SERVER_ERROR,
        "provider_error": K.SERVER_ERROR,
        "error_in_200": K.SERVER_ERROR,
        "error_in_choice": K.SERVER_ERROR,
        "unavailable": K.OVERLOADED,
        "edge_timeout": K.OVERLOADED,
        "provider_overloaded": K.OVERLOADED,  # a 529 that calls itself overloaded
        "timeout": K.TIMEOUT,
    },
    "cloudflare": {
        "auth_10000": K.AUTH,
        "auth_10000_403": K.AUTH,
        "token_9109": K.AUTH,
        "header_6003": K.AUTH,
        "account_7003": K.AUTH,  # a 404, and yet a matter of the account's id
        "agreement_5016": K.ACCESS,
        "account_5018": K.ACCESS,
        "account_3023": K.ACCESS,
        "model_3041": K.ACCESS,
        "invalid_5004": K.BAD_REQUEST,
        "schema_5006": K.BAD_REQUEST,
        "input_8001": K.BAD_REQUEST,
        "input_3003": K.BAD_REQUEST,
        "method_7001": K.BAD_REQUEST,
        "method_5005": K.BAD_REQUEST,
        "sdk_5019": K.BAD_REQUEST,
        "no_model_5007": K.MODEL_GONE,
        "deprecated_5028": K.MODEL_GONE,
        "paid_5035": K.MODEL_GONE,
        "no_model_3042": K.MODEL_GONE,
        "too_large_3006": K.TOO_LARGE,
        "nsfw_8007": K.CONTENT_FILTER,
        "neurons_4006": K.DAILY_LIMIT,
        "neurons_3036": K.DAILY_LIMIT,
        "minute_3021": K.MINUTE_LIMIT,
        "api_limit": K.MINUTE_LIMIT,
        "capacity_3040": K.CAPACITY,
        "internal_8005": K.SERVER_ERROR,
        "upstream_7009": K.SERVER_ERROR,
        "unavailable": K.SERVER_ERROR,  # a 503, but the number counts first
        "success_false": K.SERVER_ERROR,
        "timeout_3007": K.TIMEOUT,
        "aborted_3008": K.TIMEOUT,
    },
    "groq": COMMON
    | {
        "daily_tokens": K.MINUTE_LIMIT,  # its day has no midnight: it fills up again all the time
        "too_many_tokens": K.TOO_LARGE,  # more than a minute's worth in one call
        "decommissioned": K.MODEL_GONE,
        "tool_use_failed": K.GENERATION,
        "flex_capacity": K.CAPACITY,
    },
    "cerebras": COMMON
    | {
        "payment": K.CREDITS,
        "daily_tokens": K.DAILY_LIMIT,
        "queue": K.CAPACITY,
    },
    "mistral": COMMON | {"unknown_field": K.BAD_REQUEST, "capacity": K.CAPACITY},
    "github_models": COMMON
    | {
        "daily_quota": K.DAILY_LIMIT,
        "too_many_tokens": K.TOO_LARGE,
        "retired": K.MODEL_GONE,
    },
    "nvidia": COMMON | {"end_of_life": K.MODEL_GONE},
    "huggingface": COMMON | {"credits": K.CREDITS},
    "sambanova": COMMON
    | {
        "payment": K.CREDITS,
        "service_tier": K.NO_FREE_QUOTA,
        "daily_quota": K.DAILY_LIMIT,
    },
    "ollama": COMMON,
    "custom": COMMON | {"no_money": K.CREDITS},
}
ROWS = [(name, error, kind) for name, rows in MEANINGS.items() for error, kind in rows.items()]


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "error", "kind"), ROWS)
@pytest.mark.parametrize("max_tokens", [100, None], ids=["whole", "streamed"])
async def test_every_named_error_has_its_meaning(
    name: str,
    error: str,
    kind: FailureKind,
    max_tokens: int | None,
    sandbox: RunningSandbox,
    upstream_of: UpstreamOf,
) -> None:
    sandbox.fail(name, error=error)
    with pytest.raises(ProviderError) as caught:
        await upstream_of(name).complete(prompt(max_tokens=max_tokens), timeout_s=5)
    assert caught.value.kind is kind
    assert len(sandbox.calls(name)) == 1


@pytest.mark.parametrize("name", NAMED_ERRORS)
def test_no_named_error_is_without_a_meaning(name: str) -> None:
    assert set(MEANINGS[name]) == set(NAMED_ERRORS[name])


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "error"), [row[:2] for row in ROWS])
async def test_h07_neither_key_nor_message_is_in_the_error_or_the_log(
    name: str,
    error: str,
    sandbox: RunningSandbox,
    access_of: AccessOf,
    upstream_of: UpstreamOf,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error is logged with its traceback, as a careless handler would."""
    sandbox.fail(name, error=error)
    message = _message(json.loads(made(NAMED_ERRORS[name][error], "a-model", 0.0).body))
    with caplog.at_level(logging.DEBUG):
        try:
            await upstream_of(name).complete(prompt(), timeout_s=5)
        except ProviderError as failed:
            logging.getLogger("trimaran.tests").exception("failed: %r %s", failed, failed)
    assert "ProviderError" in caplog.text
    for secret in filter(None, (access_of(name).key, message)):
        assert secret not in caplog.text


def _message(body: Any) -> str:
    """The words of an error body, wherever a provider puts them."""
    if "choices" in body:
        body = body["choices"][0]
    error = body.get("error") or (body.get("errors") or [body])[0]
    message = error if isinstance(error, str) else error.get("message") or error["detail"]
    assert isinstance(message, str)
    assert len(message) > 10
    return message


# One reply, many signals


def gemini_429(*quotas: tuple[str, str | None], delay: str | None = None, message: str = "") -> Any:
    violations = [
        {"quotaId": quota} | ({} if value is None else {"quotaValue": value})
        for quota, value in quotas
    ]
    details: list[Any] = [{"@type": "QuotaFailure", "violations": violations}] if quotas else []
    if delay is not None:
        details.append({"@type": "RetryInfo", "retryDelay": delay})
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message, "details": details}
    return {"error": error}


def failure_of(
    name: str, body: Any, status: int = 429, headers: dict[str, str] | None = None
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        build(name).decode(reply(body, status, headers))
    return caught.value


def test_h03_of_a_daily_and_a_minute_quota_the_daily_one_counts() -> None:
    body = gemini_429(
        ("GenerateRequestsPerMinute-Free", "5"), ("GenerateRequestsPerDay-Free", "20")
    )
    assert failure_of("gemini", body).kind is K.DAILY_LIMIT


def test_h16_a_quota_of_zero_counts_before_the_day() -> None:
    body = gemini_429(("GenerateRequestsPerDay-Free", "0"), ("GenerateRequestsPerMinute-Free", "5"))
    assert failure_of("gemini", body).kind is K.NO_FREE_QUOTA


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Quota exceeded for metric: x, limit: 0, model: m", K.NO_FREE_QUOTA),
        ("Quota exceeded for metric: x, limit: 20, model: m", K.MINUTE_LIMIT),
        ("Resource has been exhausted (e.g. check quota).", K.MINUTE_LIMIT),
    ],
)
def test_without_details_the_message_has_to_do(message: str, kind: FailureKind) -> None:
    assert failure_of("gemini", gemini_429(message=message)).kind is kind


@pytest.mark.parametrize("name", TRANSLATIONS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, K.REDIRECT),
        (302, K.REDIRECT),
        (307, K.REDIRECT),
        (400, K.BAD_REQUEST),
        (401, K.AUTH),
        (402, K.CREDITS),
        (403, K.AUTH),
        (404, K.MODEL_GONE),
        (410, K.MODEL_GONE),
        (405, K.BAD_REQUEST),
        (408, K.TIMEOUT),
        (413, K.TOO_LARGE),
        (422, K.BAD_REQUEST),
        (429, K.MINUTE_LIMIT),
        (500, K.SERVER_ERROR),
        (502, K.SERVER_ERROR),
        (503, K.OVERLOADED),
        (504, K.TIMEOUT),
        (520, K.OVERLOADED),
        (524, K.OVERLOADED),
        (529, K.CAPACITY),
        (599, K.SERVER_ERROR),
    ],
)
def test_a_page_instead_of_an_error_leaves_the_status_to_speak(
    name: str, status: int, kind: FailureKind
) -> None:
    with pytest.raises(ProviderError) as caught:
        build(name).decode(HttpResponse(status, {}, b"<html>429 quota per day</html>"))
    assert (caught.value.kind, caught.value.status) == (kind, status)


def test_codes_count_before_the_status_and_the_status_before_words() -> None:
    assert classify(Signals(400, ("4006",), "capacity")) is K.DAILY_LIMIT
    assert classify(Signals(503, (), "rate limit")) is K.OVERLOADED
    assert classify(Signals(200, (), "rate limit")) is K.MINUTE_LIMIT
    assert classify(Signals(200, ("unheard_of",), "?")) is K.BAD_BODY


def test_only_a_plain_word_is_shown_as_code() -> None:
    assert failure(Signals(400, ("two words", "x" * 65, "a.b:c-d_9"))).code == "a.b:c-d_9"
    assert str(failure(Signals(400, ("<b>",)))) == "the request was not understood (400)"
    assert str(ProviderError(K.AUTH, status=401, code="10000")) == (
        "the API key was refused (401, 10000)"
    )
    assert str(ProviderError(K.TIMEOUT)) == "no answer in time"


# Hints

EPOCH_S = 1_790_000_000.0


def http_date(epoch_s: float) -> str:
    return format_datetime(datetime.fromtimestamp(epoch_s, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "hint_s"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": http_date(EPOCH_S + 90)}, 90.0),
        ({"retry-after": http_date(EPOCH_S - 90)}, 0.0),
        ({"retry-after": http_date(EPOCH_S + 1e7)}, LONGEST_HINT_S),
        ({"retry-after": "9" * 400}, LONGEST_HINT_S),
        ({"retry-after": "93601"}, 93_600.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "0\x1c"}, None),
        ({"retry-after": "Sun, 06 Jan 99999999999 08:49:37 GMT"}, None),
        ({"x-ratelimit-reset": str(int((EPOCH_S + 60) * 1000))}, 60.0),
        ({"x-ratelimit-reset": str(int(EPOCH_S + 60))}, 60.0),
        ({"x-ratelimit-reset": str(int(EPOCH_S - 60))}, 0.0),
        ({"x-ratelimit-reset": "tomorrow"}, None),
        ({"retry-after": "3", "x-ratelimit-reset": str(int(EPOCH_S + 60))}, 3.0),
    ],
)
def test_a_hint_in_the_headers_is_read(headers: dict[str, str], hint_s: float | None) -> None:
    assert read_retry_after(headers, EPOCH_S) == hint_s


@pytest.mark.parametrize(
    ("text", "duration_s"),
    [
        ("21s", 21.0),
        ("0.5s", 0.5),
        ("21.497994s", 21.497994),
        ("11h46m59.2s", 42_419.2),
        ("2m", 120.0),
        ("1h", 3_600.0),
        ("99h", LONGEST_HINT_S),
        ("9" * 400 + "s", LONGEST_HINT_S),
        ("", None),
        ("21", None),
        ("-21s", None),
        ("s", None),
        ("1m1h", None),
        ("soon", None),
    ],
)
def test_both_forms_of_a_duration_are_read(text: str, duration_s: float | None) -> None:
    assert read_duration(text) == (duration_s and pytest.approx(duration_s))


@pytest.mark.parametrize(
    ("delay", "message", "hint_s"),
    [
        ("21s", "", 21.0),
        ("0.25s", "Please retry in 99s.", 0.25),
        (None, "Please retry in 21.497994s.", 21.497994),
        (None, "Please retry in 11h46m59.2s.", 42_419.2),
        (None, "Please retry.", None),
        (None, "Please retry in a while", None),
    ],
)
def test_geminis_hint_is_in_the_details_or_in_the_words(
    delay: str | None, message: str, hint_s: float | None
) -> None:
    error = failure_of("gemini", gemini_429(delay=delay, message=message))
    assert error.retry_after_s == (hint_s and pytest.approx(hint_s))


@pytest.mark.parametrize("metadata", [{"headers": {"X-RateLimit-Reset": "1"}}, {}, "raw"])
def test_openrouters_hint_in_a_header_counts_before_the_body(metadata: Any) -> None:
    body = {"error": {"code": 429, "message": "?", "metadata": metadata}}
    headers = {"x-ratelimit-reset": "1790000060000"}
    response = HttpResponse(429, headers, json.dumps(body).encode(), received_at=EPOCH_S)
    with pytest.raises(ProviderError) as caught:
        build("openrouter").decode(response)
    assert caught.value.retry_after_s == 60.0


@pytest.mark.parametrize(
    ("reset", "hint_s"),
    [("1790000060000", 60.0), (1_790_000_060_000, 60.0), ("garbage", None), (None, None)],
)
def test_openrouters_hint_is_in_the_body_when_a_proxy_dropped_the_header(
    reset: Any, hint_s: float | None
) -> None:
    metadata = {"headers": {"X-RateLimit-Reset": reset}}
    body = {"error": {"code": 429, "message": "?", "metadata": metadata}}
    response = HttpResponse(429, {}, json.dumps(body).encode(), received_at=EPOCH_S)
    with pytest.raises(ProviderError) as caught:
        build("openrouter").decode(response)
    assert caught.value.retry_after_s == hint_s


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "error", "least_s", "most_s"),
    [
        ("gemini", "minute_quota", 33, 34),
        ("gemini", "daily_quota", 21, 22),  # means nothing, and is passed on as it came
        ("gemini", "overloaded", None, None),
        ("openrouter", "daily_quota", 0, 86_400),
        ("openrouter", "minute_quota", 28, 30),
        ("openrouter", "upstream_pool", 12, 12),
        ("cloudflare", "api_limit", 300, 300),
        ("cloudflare", "capacity_3040", None, None),
    ],
)
async def test_hints_survive_the_wire(
    name: str,
    error: str,
    least_s: float | None,
    most_s: float | None,
    sandbox: RunningSandbox,
    upstream_of: UpstreamOf,
) -> None:
    sandbox.fail(name, error=error)
    with pytest.raises(ProviderError) as caught:
        await upstream_of(name).complete(prompt(), timeout_s=5)
    hint_s = caught.value.retry_after_s
    if least_s is None or most_s is None:
        assert hint_s is None
    else:
        assert hint_s is not None
        assert least_s <= hint_s <= most_s


# Whatever comes

DATES = st.lists(
    st.sampled_from(
        [
            "Mon,",
            "06",
            "Nov",
            "1994",
            "9999",
            "99999999999",
            "08:49:37",
            "99:99:99",
            ":",
            "GMT",
            "+0000",
            "-9999",
            "+999999999999",
            "EST",
            ",",
            "(",
            "\x1c",
            "٣",
            "0",
            "5",
        ]
    ),
    max_size=7,
).map(" ".join)
HEADER_TEXTS = st.text() | DATES | st.floats().map(str) | st.integers().map(str)


@given(text=HEADER_TEXTS, header=st.sampled_from(["retry-after", "x-ratelimit-reset"]))
def test_any_hint_is_none_or_within_26_hours(text: str, header: str) -> None:
    hint_s = read_retry_after({header: text}, EPOCH_S)
    assert hint_s is None or 0 <= hint_s <= LONGEST_HINT_S


@given(st.text() | st.from_regex(r"\d*h?\d*m?\d*(\.\d+)?s?", fullmatch=True))
def test_any_duration_is_none_or_within_26_hours(text: str) -> None:
    duration_s = read_duration(text)
    assert duration_s is None or 0 <= duration_s <= LONGEST_HINT_S


@given(st.floats(0, LONGEST_HINT_S), st.booleans())
def test_a_date_and_its_seconds_mean_the_same(wait_s: float, as_date: bool) -> None:
    text = http_date(EPOCH_S + int(wait_s)) if as_date else str(int(wait_s))
    assert read_retry_after({"retry-after": text}, EPOCH_S) == int(wait_s)


WIRE_WORDS = st.sampled_from(
    [
        "candidates",
        "content",
        "parts",
        "text",
        "thought",
        "finishReason",
        "promptFeedback",
        "blockReason",
        "usageMetadata",
        "promptTokenCount",
        "modelVersion",
        "error",
        "code",
        "message",
        "status",
        "details",
        "violations",
        "quotaId",
        "quotaValue",
        "reason",
        "retryDelay",
        "choices",
        "delta",
        "finish_reason",
        "model",
        "usage",
        "prompt_tokens",
        "metadata",
        "headers",
        "completion_tokens_details",
        "availability",
        "limit_source",
        "result",
        "response",
        "success",
        "errors",
        "type",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
JSON = st.recursive(
    SCALARS | st.sampled_from(["STOP", "stop", "text", "SAFETY", "error", "PerDay", "21s"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WIRE_WORDS, inner, max_size=5),
    max_leaves=25,
)
ERROR_BODIES = JSON.map(lambda inner: {"error": inner, "errors": inner})
BODIES = st.binary() | (JSON | ERROR_BODIES).map(lambda body: json.dumps(body).encode())


@pytest.mark.parametrize("name", TRANSLATIONS)
@given(body=BODIES, status=st.sampled_from([200, 200, 200]) | st.integers(200, 599))
def test_any_reply_is_an_answer_or_a_provider_error(name: str, body: bytes, status: int) -> None:
    try:
        completion = build(name).decode(HttpResponse(status, {}, body, EPOCH_S))
    except ProviderError:
        return
    assert status == 200
    _check(completion)


@pytest.mark.parametrize("name", TRANSLATIONS)
@given(body=JSON, status=st.integers(201, 599))
def test_no_body_hides_that_the_status_was_a_failure(name: str, body: Any, status: int) -> None:
    """A body of any shape may say more than its status, and never that it cannot be read."""
    response = HttpResponse(status, {}, json.dumps({"error": body}).encode(), EPOCH_S)
    with pytest.raises(ProviderError) as caught:
        build(name).decode(response)
    if status >= 300:
        assert caught.value.kind is not K.BAD_BODY


@pytest.mark.parametrize("name", TRANSLATIONS)
@given(data=st.text() | JSON.map(json.dumps))
def test_any_event_is_a_delta_or_a_provider_error(name: str, data: str) -> None:
    try:
        delta = build(name).decode_event(data)
    except ProviderError:
        return
    if delta is not None:
        assert isinstance(delta.text, str)
        assert delta.model is None or isinstance(delta.model, str)


def _check(completion: Completion) -> None:
    assert completion.text.strip()
    assert completion.finish_reason in ("stop", "length", "tool_calls")
    assert isinstance(completion.model, str)
    usage = completion.usage
    assert all(
        isinstance(count, int)
        for count in (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)
    )


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_body_nested_out_of_all_reason_is_unreadable(name: str) -> None:
    for body in (b"[" * 100_000, b'{"result":' * 500 + b"1" + b"}" * 500):
        with pytest.raises(ProviderError) as caught:
            build(name).decode(HttpResponse(200, {}, body))
        assert caught.value.kind in (K.BAD_BODY, K.EMPTY)


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_an_unexpected_shape_does_not_bring_its_words_into_the_error(name: str) -> None:
    body = {"error": {"code": 400, "message": "secret words", "details": ["secret words"]}}
    with pytest.raises(ProviderError) as caught:
        build(name).decode(reply(body, 400))
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_date_without_a_zone_is_in_utc() -> None:
    """As HTTP has it."""
    headers = {"retry-after": "Tue, 24 Nov 2026 12:00:30"}
    now = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
    assert read_retry_after(headers, now) == 30.0


@pytest.mark.parametrize(
    ("headers", "hint_s"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "21s"}, 21.0),
        ({"retry-after": "9", "x-ratelimit-reset": "1790000060"}, 9.0),
        ({"x-ratelimit-reset": "1790000060"}, 60.0),
        ({"x-ratelimit-reset": "2m"}, 120.0),
        ({"ratelimit": '"default";r=0;t=17'}, 17.0),
        ({"ratelimit": '"default";r=10;t=17'}, None),
        ({"ratelimit": '"default";r=0;t=17', "x-ratelimit-reset": "9s"}, 9.0),
        ({"ratelimit": '"default";r=0'}, None),
        ({}, None),
    ],
)
def test_every_spelling_of_a_hint_is_read_and_the_first_counts(
    headers: dict[str, str], hint_s: float | None
) -> None:
    assert read_retry_after(headers, 1_790_000_000.0) == hint_s


def test_an_error_says_what_is_known_and_nothing_else() -> None:
    error = failure(Signals(429, ("not a word!", "quota:day"), "secret", 21.0, 20))
    assert str(error) == "daily quota used up (429, quota:day)"
    assert error.args == ("daily quota used up",)
    assert (error.kind, error.status, error.code) == (K.DAILY_LIMIT, 429, "quota:day")
    assert (error.retry_after_s, error.limit) == (21.0, 20)
    assert ProviderError(K.AUTH, code="not a word!").code is None
    assert str(ProviderError(K.AUTH)) == "the API key was refused"
