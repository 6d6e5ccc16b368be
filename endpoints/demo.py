"""The demo's panel: breaks the stand-ins of a sandbox, so that one can watch requests go around them.

Its routes are there only where `SANDBOX_URL` names a sandbox on this machine. What can be broken is
a fixed table; nothing that a caller sends is passed on.
"""

from collections.abc import Mapping
from typing import Any, Literal

import aiohttp
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict

from endpoints.requests import RouterInUse
from router import Router

Fault = Literal["limit", "outage", "slow", "garbage", "cut"]
SANDBOX_TIMEOUT_S = 5.0
# What each fault is called, and what the sandbox is told. Limits have a name of their own at Cloudflare.
NAMES: Mapping[Fault, str] = {
    "limit": "Rate limit: 429, try again in a minute",
    "outage": "Outage: 503 at once",
    "slow": "Slow: silent for 12 seconds",
    "garbage": "Garbage: a web page instead of an answer",
    "cut": "Breaks off in the middle of its answer",
}
TOLD: Mapping[Fault, dict[str, Any]] = {
    "limit": {"error": "minute_quota"},
    "outage": {"status": 503},
    "slow": {"delay_s": 12.0},
    "garbage": {"html": True, "status": 200},
    "cut": {"cut_after_chunks": 3},
}
LIMITS = {"cloudflare": "minute_3021"}


class Change(BaseModel):
    """How a stand-in is to behave from now on; without a fault it is well."""

    model_config = ConfigDict(extra="forbid")

    fault: Fault | None


def demo_routes(sandbox_url: str) -> APIRouter:
    """The routes that steer the sandbox at *sandbox_url*, such as `http://127.0.0.1:9100`."""
    routes = APIRouter(include_in_schema=False)

    async def control(method: str, path: str, json: Any = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=SANDBOX_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, f"{sandbox_url}/_control/{path}", json=json) as answer,
            ):
                answer.raise_for_status()
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HTTPException(502, "The sandbox does not answer") from error

    @routes.get("/demo")
    async def faults(router: RouterInUse) -> dict[str, Any]:
        standing = await control("GET", "faults")
        return {
            "faults": NAMES,
            "providers": [
                {"provider": name, "label": label, "fault": _fault_of(name, standing.get(name, []))}
                for name, label in _providers(router).items()
            ],
        }

    @routes.put("/demo/{provider}")
    async def change(provider: str, body: Change, router: RouterInUse) -> dict[str, Any]:
        if provider not in _providers(router):
            raise HTTPException(404, "There is no such provider")
        await control("DELETE", f"faults?provider={provider}")
        if body.fault is not None:
            await control("POST", f"fault/{provider}", _told(provider, body.fault))
        return {"provider": provider, "fault": body.fault}

    return routes


def _providers(router: Router) -> dict[str, str]:
    """The labels of the providers that are in use, by name."""
    return {u.identity.name: u.identity.label for u in router.upstreams}


def _told(provider: str, fault: Fault) -> dict[str, Any]:
    if fault == "limit" and provider in LIMITS:
        return {"error": LIMITS[provider]}
    return TOLD[fault]


def _fault_of(provider: str, standing: list[dict[str, Any]]) -> str | None:
    """Which of our faults the sandbox has for *provider*; `other` for one of another kind."""
    if not standing:
        return None
    return next((name for name in TOLD if _told(provider, name) == standing[-1]), "other")
