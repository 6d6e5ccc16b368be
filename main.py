"""Trimaran: from a founder's idea to a plan, on free LLM tiers that fail over.

Wiring only. A literal here is the default; the environment and `.env` override it.
"""

from cache import ResponseCache
from endpoints import logs
from endpoints.app import Services, create_app
from endpoints.security import Rules, read_networks
from failover import ANSWER_TIME_S, Patience
from planning.planner import Planner
from planning.render.printer import Printer
from planning.research import NoSearch, Search, researcher
from planning.speech import build_speaker
from providers import CATALOGUE, configured, left_out
from providers.local import LocalModel
from providers.repl import doorway
from providers.transport import HttpUpstream, Transport
from rate_limiter import RateLimiter
from router import Router
from settings import read_environment
from storage import shared_store
from storage.ledger import Limits

__all__ = ["app", "call_cloudflare_api", "call_gemini_api", "call_openrouter_api"]
environment = read_environment()
settings, access = environment.settings, environment.access
logs.configure(settings.log_level, settings.log_format, environment.secrets())
# The order in which providers are tried, unless PROVIDER_ORDER says otherwise.
PROVIDER_ORDER = ("gemini", "openrouter", "cloudflare")
# How long answers are kept: fresh for ttl_hours, then CACHE_STALE_HOURS as a last resort.
cache = ResponseCache(cache_dir=".cache", ttl_hours=24)


# How long each provider is left alone between two calls.
rate_limiter = RateLimiter(min_interval_seconds=60)

cache.configure(
    cache_dir=settings.cache_dir,
    ttl_hours=settings.cache_ttl_hours,
    stale_hours=settings.cache_stale_hours,
    max_mb=settings.cache_max_mb,
    store=shared_store(settings.shared_store_url, settings.redis_prefix),
)
rate_limiter.configure(
    min_interval_seconds=0 if settings.pacing == "quota" else settings.min_interval_seconds,
    store=lambda: cache.store,  # beside the answers, so that restarts and workers share it
    instances=settings.instances,
)

transport = Transport(proxy=settings.proxy)
ladder = configured(access, settings.order or PROVIDER_ORDER)
upstreams = [HttpUpstream(provider, transport, terms) for provider, terms in ladder]
drafts = settings.local_model == "fallback" or (settings.local_model == "auto" and not upstreams)

router = Router(
    upstreams,
    cache,
    rate_limiter,
    last_resort=LocalModel() if drafts and LocalModel.is_installed() else None,
    patience=Patience(settings.max_wait_seconds, settings.max_wait_seconds + ANSWER_TIME_S),
)
if settings.log_format == "json":
    router.notices.listeners.append(logs.tell)
search: Search = NoSearch()
if settings.search == "on":
    search = researcher(
        cache,
        order=settings.searches,
        tavily_key=settings.tavily_api_key.get_secret_value(),
        searxng_url=settings.searxng_url,
        stand_ins=settings.search_url,
        proxy=settings.proxy,
    )
speaker = build_speaker(
    cache,
    rate_limiter,
    elevenlabs_key=settings.speech_key,
    voice_id=settings.elevenlabs_voice_id,
    model=settings.elevenlabs_model,
    base_url=settings.elevenlabs_base_url,
    proxy=settings.proxy,
)

call_gemini_api, call_openrouter_api, call_cloudflare_api = (
    doorway(entry, access[entry.identity.name], rate_limiter, settings.proxy)
    for entry in CATALOGUE[:3]
)

rules = Rules(
    keys=settings.api_keys,
    allow_anonymous=settings.allow_anonymous,
    per_key=Limits(settings.api_key_requests_per_minute, settings.api_key_requests_per_day),
    per_address=Limits(per_day=settings.anonymous_requests_per_day_per_address),
    of_all_anonymous=Limits(per_day=settings.anonymous_requests_per_day),
    proxies=read_networks(settings.proxies),
    trusts_all="*" in settings.proxies,
    own_scope=settings.cache_scope == "own",
    origins=frozenset(settings.origins),
)
# On Vercel a call may take 300 seconds; a document pauses ten before that, and the next call goes on.
planner = Planner(router, search, sitting_s=290 if settings.vercel else None)
printer = Printer(extra_font=settings.pdf_font_cjk)
services = Services(planner, speaker, cache, printer, left_out=left_out(access))
app = create_app(
    services,
    rules=rules,
    grace_s=settings.shutdown_grace_seconds,
    traced=bool(settings.otel_exporter_otlp_endpoint),
    sandbox_url=settings.sandbox_url,
)
