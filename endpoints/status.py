"""How things stand: `/status` and its feed, `/quota/forecast`, `/metrics`, and the probes of platforms."""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from endpoints.journal import Journal
from endpoints.metrics import CONTENT_TYPE, Metrics, Standing
from endpoints.pages import page
from endpoints.requests import CallerGone, RouterInUse, while_wanted
from endpoints.shutdown import ShuttingDown
from failover import key_of
from providers import LeftOut
from providers.base import Terms, Upstream
from providers.health import State
from router import Router
from storage.ledger import ACCOUNT, Ledger, Limits, Moment, Need, schedule

MOST_CALLS = 2_000
SHOWN_ROWS = 50
BEAT_S = 10.0  # a comment at least that often, so that nobody in between gives up
STORE_LOST = "the store is lost: this instance takes its share of every limit until it is back"
AFTER = "Only requests with a greater id than this."


class ForecastRequest(BaseModel):
    """How many calls are planned, and how many tokens each takes, in and out together."""

    model_config = ConfigDict(json_schema_extra={"example": {"calls": 30, "tokens": 3000}})

    calls: Annotated[int, Field(ge=1, le=MOST_CALLS)]
    tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000


def status_routes(
    journal: Journal,
    metrics: Metrics,
    left_out: Sequence[LeftOut] = (),
    *,
    is_demo: bool = False,
) -> APIRouter:
    """The routes that tell how things stand; in a demo, stand-ins play the providers."""
    routes = APIRouter(tags=["status"])

    @routes.get(
        "/status",
        summary="How every provider and model stands, and the last requests",
        description="For a browser, which asks for HTML, the page that shows it.",
        response_model=dict[str, Any],
    )
    async def status(
        router: RouterInUse,
        after: Annotated[int, Query(ge=0, description=AFTER)] = 0,
        accept: Annotated[str, Header()] = "",
        if_none_match: Annotated[str, Header()] = "",
        accept_encoding: Annotated[str, Header()] = "",
    ) -> Any:
        if "text/html" in accept:
            return page("status", if_none_match, accept_encoding)
        now = router.limiter.now()
        models = [await standing(router, own, now) for own in by_model(router.upstreams)]
        for model in models:
            model["record"] = journal.record(model["provider"], model["model"])
        return {
            "at": _iso(now.epoch_s),
            "min_interval_s": router.limiter.min_interval_seconds,
            "waiting": router.slots.waiting,
            "demo": is_demo,
            "providers": models,
            "left_out": [asdict(own) for own in left_out],
            "last_resort": router.last_resort.model if router.last_resort else None,
            "cache": await asyncio.to_thread(router.cache.stats),
            "store": whereabouts(router),
            "totals": journal.totals(),
            "minutes": journal.minutes(),
            "requests": journal.rows(after)[-SHOWN_ROWS:],
        }

    @routes.get(
        "/status/events",
        summary="Every request when it ends, as server-sent events",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def events(
        request: Request, after: Annotated[int, Query(ge=0, description=AFTER)] = 0
    ) -> Response:
        return Feed(request, journal, after)

    @routes.get("/metrics", summary="For Prometheus", response_class=Response)
    async def scrape(request: Request, router: RouterInUse) -> Response:
        now = router.limiter.now()
        models = [await standing(router, own, now) for own in by_model(router.upstreams)]
        holdings = await asyncio.to_thread(router.cache.stats)
        told = metrics.told(
            Standing(
                models=tuple(models),
                waiting=router.slots.waiting,
                running=request.app.state.shutdown.running,
                cache_entries=holdings["entries"],
                cache_bytes=holdings["size_bytes"],
                store_ok=whereabouts(router)["state"] == "ok",
                tasks=len(asyncio.all_tasks()),
            )
        )
        return Response(told, media_type=CONTENT_TYPE)

    @routes.get("/healthz", include_in_schema=False)
    async def lives() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz", include_in_schema=False)
    async def is_ready(request: Request, router: RouterInUse) -> Response:
        reasons = unready(router, is_ending=request.app.state.shutdown.has_begun)
        told = {"status": "not ready" if reasons else "ok", "reasons": reasons}
        if not reasons and whereabouts(router)["state"] == "lost":
            told = {"status": "degraded", "reasons": [STORE_LOST]}
        return JSONResponse(told, 503 if reasons else 200)

    @routes.post("/quota/forecast", summary="Whether planned calls fit, through whom, and when")
    async def forecast(body: ForecastRequest, router: RouterInUse) -> dict[str, Any]:
        return await foresee(router, body.calls, body.tokens)

    return routes


def whereabouts(router: Router) -> dict[str, Any]:
    """What store the limits are in, and whether this process has lost it and counts alone."""
    condition, limiter = router.limiter.store.condition(), router.limiter
    is_lost = bool(condition.lost) or limiter.is_alone
    return {
        "kind": condition.kind,
        "state": "lost" if is_lost else "ok",
        "reason": condition.lost,
        "lost_for_s": round(condition.lost_for_s, 1),
        "limits_divided_by": limiter.instances if limiter.is_alone else 1,
    }


def unready(router: Router, *, is_ending: bool) -> list[str]:
    """Why this instance should get no requests.

    Providers that fail are no reason, they come back; nor is a lost store, which all instances lose
    together: taking all of them away would turn a careful service into none.
    """
    reasons = ["the service is shutting down"] if is_ending else []
    if not router.upstreams and router.last_resort is None:
        reasons.append("no provider is configured, and the embedded model is not installed")
    return reasons


class Feed(Response):
    """The journal's news, as long as somebody reads them."""

    def __init__(self, request: Request, journal: Journal, after: int) -> None:
        super().__init__(media_type="text/event-stream")
        self._request = request
        self._journal = journal
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """See the ASGI specification."""
        with contextlib.suppress(CallerGone, ShuttingDown):
            await while_wanted(self._request, self._pass_on(send))

    async def _pass_on(self, send: Send) -> None:
        self.headers["x-accel-buffering"] = "no"
        del self.headers["content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        after, beat = self._after, b": here\n\n"
        while True:
            rows = self._journal.rows(after)
            after = rows[-1]["id"] if rows else after
            events = b"".join(b"id: %d\ndata: %b\n\n" % (r["id"], orjson.dumps(r)) for r in rows)
            await send({"type": "http.response.body", "body": events or beat, "more_body": True})
            await self._journal.news(after, BEAT_S)


def by_model(upstreams: Sequence[Upstream]) -> list[list[Upstream]]:
    """*upstreams* with those together that are the same model under several keys."""
    together: dict[tuple[str, str], list[Upstream]] = {}
    for upstream in upstreams:
        together.setdefault(key_of(upstream), []).append(upstream)
    return list(together.values())


async def standing(router: Router, spares: Sequence[Upstream], now: Moment) -> dict[str, Any]:
    """How one model stands: its state and why, what is used and left, and when it is free again.

    *spares* are the model under each of its keys: the one that is free first speaks for them.
    """
    waits = [await router.limiter.wait(upstream.terms.allowance) for upstream in spares]
    wait = min(waits, key=lambda wait: wait.duration_s)
    upstream = spares[waits.index(wait)]
    terms, (provider, model) = upstream.terms, key_of(upstream)
    ledger = await router.limiter.ledger(provider)
    scopes = {own.terms.key_scope for own in spares} - {ACCOUNT}
    refused = [s for s in scopes if s in ledger.holds and ledger.holds[s].remaining_s(now) > 0]
    circuit, circuit_s = router.circuit(upstream)
    state, reason, next_slot_s = "ready", "", wait.duration_s
    if wait.duration_s > 0:
        state, reason = "waiting", wait.reason
        if any(scope in ledger.holds for scope, _ in terms.allowance.scopes):
            state = "on hold"
    if circuit is not State.CLOSED and circuit_s >= wait.duration_s:
        state, reason, next_slot_s = f"circuit {circuit.value}", "repeated failures", circuit_s
    return {
        "provider": provider,
        "label": upstream.identity.label,
        "model": model,
        "tier": terms.tier,
        "state": state,
        "reason": reason,
        "next_slot_s": round(next_slot_s, 1),
        "keys": len(scopes),
        "keys_set_aside": len(refused),
        "resets_at": _iso(terms.allowance.reset_at(now.epoch_s)),
        "quotas": [
            quota
            for scope, limits in terms.allowance.scopes
            if (quota := usage(ledger, terms, scope, limits, now))
        ],
    }


def usage(
    ledger: Ledger, terms: Terms, scope: str, stated: Limits, now: Moment
) -> dict[str, Any] | None:
    """What one scope has used today and what is left; None where nothing is limited by the day.

    `learned` says that the provider itself has told us its limit. Once it says that the day is over
    nothing is left, whatever was counted here: somebody else may use the same key.
    """
    hold = ledger.holds.get(scope)
    is_over = hold is not None and hold.until_reset and hold.remaining_s(now) > 0
    limits = stated.corrected(ledger.learned.get(scope, Limits()))
    today = ledger.today(terms.allowance, scope, now)
    counted = {"scope": "account" if scope == ACCOUNT else "model", "learned": limits != stated}
    if limits.units_per_day is not None:
        left = 0.0 if is_over else max(0.0, limits.units_per_day - today.units)
        used = {"unit": terms.unit, "limit": limits.units_per_day, "used": round(today.units, 1)}
        return {**counted, **used, "left": round(left, 1)}
    if limits.per_day is not None:
        left = 0 if is_over else max(0, limits.per_day - today.calls)
        return {
            **counted,
            "unit": "requests",
            "limit": limits.per_day,
            "used": today.calls,
            "left": left,
        }
    return None


async def foresee(router: Router, calls: int, tokens: int) -> dict[str, Any]:
    """Whether *calls* of *tokens* each fit into what is left of today, through whom, and until when."""
    now = router.limiter.now()
    options = [
        (router.limiter.paced(u.terms.allowance), _cost(u, tokens)) for u in router.upstreams
    ]
    ledgers = {a.account: await router.limiter.ledger(a.account) for a, _ in options}
    sendings = await asyncio.to_thread(schedule, ledgers, options, calls, now)
    through = Counter(key_of(router.upstreams[sending.option]) for sending in sendings)
    is_whole = len(sendings) == calls
    done_in_s = sendings[-1].wait_s if sendings else 0.0
    today = all(
        now.epoch_s + sending.wait_s < options[sending.option][0].reset_at(now.epoch_s)
        for sending in sendings
    )
    return {
        "calls": calls,
        "fits": is_whole,
        "fits_today": is_whole and today,
        "done_in_s": math.ceil(done_in_s) if is_whole else None,
        "done_at": _iso(now.epoch_s + done_in_s) if is_whole else None,
        "through": [
            {"provider": provider, "model": model, "calls": count}
            for (provider, model), count in through.items()
        ],
    }


def _cost(upstream: Upstream, tokens: int) -> Need:
    """What a call of *tokens* costs, if half of them go in and half come out."""
    return upstream.terms.cost(tokens // 2, tokens - tokens // 2)


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
