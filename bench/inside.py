"""The whole service within this process, with a provider that answers at once."""

from pathlib import Path

from starlette.types import ASGIApp

from bench.load import wire
from cache import ResponseCache
from endpoints.app import Services, create_app
from planning.planner import Planner
from planning.research import NoSearch
from planning.speech import Speaker
from planning.voices.supply import Supply
from providers.fake import FakeUpstream
from rate_limiter import RateLimiter
from router import Router


def app_in(folder: Path) -> ASGIApp:
    """The whole application, its cache in *folder*, with one provider that has no limits."""
    cache = ResponseCache(cache_dir=str(folder))
    limiter = RateLimiter(min_interval_seconds=0, store=lambda: cache.store)
    router = Router([FakeUpstream(answer=wire.TEXT)], cache, limiter)
    return create_app(
        Services(Planner(router, NoSearch()), Speaker([], Supply(cache, limiter)), cache)
    )
