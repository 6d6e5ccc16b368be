"""What handlers share: the request bodies, and the work that ends when its caller leaves."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cache import Freshness
from endpoints.shutdown import Shutdown
from planning.idea import Idea
from planning.planner import Planner
from router import Router

T = TypeVar("T")
Line = Annotated[str, StringConstraints(max_length=2_000)]


class IdeaBody(BaseModel):
    """The founder's idea. All fields must be there and may be empty; unknown ones are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")

    name: Line
    mission: Annotated[str, StringConstraints(max_length=10_000)]
    goals: Annotated[list[Line], Field(max_length=100)]
    targetMarket: Annotated[dict[str, Any], Field(max_length=100)]  # noqa: N815 - the wire's name
    primaryProduct: Line  # noqa: N815 - the wire's name
    sdgs: Annotated[list[Line], Field(max_length=50)]

    def idea(self) -> Idea:
        """The idea as the domain knows it."""
        return Idea(
            name=self.name,
            mission=self.mission,
            goals=tuple(self.goals),
            target_market=self.targetMarket,
            primary_product=self.primaryProduct,
            sdgs=tuple(self.sdgs),
        )


EXAMPLE: dict[str, Any] = {
    "idea": {
        "name": "EcoEd Empowerment",
        "mission": "Environmental education and green job training for rural communities",
        "goals": ["Train 5,000 people in green job skills each year"],
        "targetMarket": {"geography": "Rural areas in developing countries", "ageRange": "15-65"},
        "primaryProduct": "Training programmes",
        "sdgs": ["SDG 4: Quality Education", "SDG 13: Climate Action"],
    }
}


class DocumentRequest(BaseModel):
    """What the document endpoints are sent."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"example": EXAMPLE})

    idea: IdeaBody


async def _router(request: Request) -> Router:
    planner: Planner = request.app.state.planner
    return planner.router


RouterInUse = Annotated[Router, Depends(_router)]


async def _freshness(
    request: Request,
    cache_control: Annotated[str, Header()] = "",  # noqa: ARG001 - for the description
) -> Freshness:
    return Freshness.from_header(",".join(request.headers.getlist("cache-control")))


FreshnessAsked = Annotated[Freshness, Depends(_freshness)]
# How long the caller is willing to wait, in seconds; it can only shorten the service's own limit.
TimeoutAsked = Annotated[float | None, Header(alias="x-request-timeout", gt=0, allow_inf_nan=False)]
ReceiptAsked = Annotated[Literal["1"] | None, Header(alias="x-route-receipt")]


class CallerGone(Exception):
    """The caller closed the connection before there was an answer."""


async def while_wanted(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The outcome of *work*, which is cancelled when the caller leaves.

    Starlette does not cancel a handler that has nothing to send yet. Raises `CallerGone`, or
    `ShuttingDown` when the service has to end first.
    """
    shutdown: Shutdown = request.app.state.shutdown
    with contextlib.closing(work), shutdown.ending() as ending:
        watch: asyncio.Task[None] | None = None

        def has_left(watched: asyncio.Task[None]) -> None:
            if not watched.cancelled():
                watched.exception()  # whatever it was, nobody reads any more
                ending.end(CallerGone())

        def begin_to_watch() -> None:
            nonlocal watch
            watch = asyncio.create_task(_until_gone(request))
            watch.add_done_callback(has_left)

        # Not at once: what is at hand is there before the loop comes round.
        soon = asyncio.get_running_loop().call_soon(begin_to_watch)
        try:
            return await work
        finally:
            soon.cancel()
            if watch is not None:
                watch.cancel()


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
