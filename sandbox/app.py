"""The sandbox itself: what it remembers (clock, log, faults, scripts, quotas) and its web application."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from sandbox import compatible, control
from sandbox.author import Habit
from sandbox.checks import BadControl
from sandbox.cloudflare import Cloudflare
from sandbox.delivery import deliver
from sandbox.elevenlabs import ElevenLabs
from sandbox.engines import Brave, Mojeek
from sandbox.exchange import Call, ErrorRow, Refused, Reply
from sandbox.faults import Fault, FaultQueue, parse_fault, told
from sandbox.gemini import Gemini
from sandbox.grants_gov import GrantsGov
from sandbox.openrouter import OpenRouter
from sandbox.quotas import Allowance, Preset, cloudflare_quotas, gemini_quotas, openrouter_quotas
from sandbox.search import Search
from sandbox.searxng import SearxNG
from sandbox.tavily import Tavily
from sandbox.text import Script
from sandbox.wikipedia import Wikipedia
from sandbox.world_bank import WorldBank

MAX_BODY_BYTES = 64 * 1024 * 1024
SECRET_HEADERS = ("authorization", "x-goog-api-key", "xi-api-key")


class StandIn(Protocol):
    """One provider as the sandbox plays it."""

    @property
    def name(self) -> str:
        """The provider's name, which is also the prefix of its paths."""

    @property
    def errors(self) -> Mapping[str, ErrorRow]:
        """The provider's errors by name."""

    @property
    def empty_forms(self) -> tuple[str, ...]:
        """The shapes in which this provider says nothing."""

    @property
    def quotas(self) -> Allowance:
        """What the provider allows."""

    def model(self, call: Call, /) -> str:
        """The model a call is for, or an empty text."""

    def works(self, call: Call, /) -> bool:
        """Whether a call does work; faults without a path apply to these."""

    def answer(self, call: Call, fault: Fault, script: Script, /) -> Reply:
        """The reply; may raise `Refused` with one instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The credentials that the stand-ins accept."""

    gemini: str = "sandbox-gemini-key"
    openrouter: str = "sk-or-v1-sandbox"
    cloudflare: str = "sandbox-cloudflare-token"
    cloudflare_account: str = "sandbox-account"
    elevenlabs: str = "sandbox-elevenlabs-key"
    tavily: str = "tvly-sandbox-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One call that arrived; credentials are masked."""

    monotonic_s: float
    at: float  # on the sandbox's clock, epoch seconds
    provider: str
    method: str
    path: str
    model: str
    status: int  # 0 when no status was sent
    ok: bool  # whether the caller gets a whole and good answer
    request: object = None  # the JSON body, or the posted form
    headers: Mapping[str, str] = field(default_factory=dict)


class Sandbox:
    """All stand-ins and their state. Its methods and the control routes are the same code.

    `quotas` is "real" (the dated facts), "guide" (the setup guide's numbers) or "unlimited". The
    clock runs; `advance` and `set_clock` move it, so that a day can pass within a test.
    """

    def __init__(
        self,
        *,
        keys: Keys | None = None,
        quotas: Preset = "real",
        latency_s: float = 0.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys = keys or Keys()
        self.latency_s = latency_s
        self._clock = clock
        self._offset_s = 0.0
        stand_ins: tuple[StandIn, ...] = (
            Gemini(keys.gemini, gemini_quotas(quotas)),
            OpenRouter(keys.openrouter, openrouter_quotas(quotas)),
            Cloudflare(keys.cloudflare, keys.cloudflare_account, cloudflare_quotas(quotas)),
            *(compatible.Compatible(manners, quotas) for manners in compatible.ALL),
            ElevenLabs(keys.elevenlabs, unlimited=quotas == "unlimited", now=clock()),
            *(Search(), Brave(), Mojeek(), Wikipedia(), WorldBank(), GrantsGov(), SearxNG()),
            Tavily(keys.tavily),
        )
        self.stand_ins: Mapping[str, StandIn] = {each.name: each for each in stand_ins}
        dice = random.Random(seed)
        self._faults = {name: FaultQueue(dice) for name in self.stand_ins}
        self._scripts = {name: Script() for name in self.stand_ins}
        self._log: list[Record] = []
        self._open: Counter[str] = Counter()
        self._abandoned: Counter[str] = Counter()
        self._lock = threading.RLock()

    # Time

    @property
    def now(self) -> float:
        """The sandbox's time, epoch seconds."""
        return self._clock() + self._offset_s

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        with self._lock:
            self._offset_s += seconds

    def set_clock(self, epoch: float) -> None:
        """Set the time; it runs on from there."""
        with self._lock:
            self._offset_s = epoch - self._clock()

    # What goes wrong, and what is said

    def fail(self, provider: str, times: int | None = None, **fault: Any) -> None:
        """Let the next `times` calls of a provider fail, or all until it is healed."""
        self.add_fault(provider, {**fault, "times": times})

    def add_fault(self, provider: str, data: object) -> Fault:
        """Queue a fault given as control JSON."""
        stand_in = self._stand_in(provider)
        fault = parse_fault(data)
        if fault.error is not None and fault.error not in stand_in.errors:
            known = ", ".join(stand_in.errors)
            raise BadControl(f"error: {provider} has no {fault.error!r}; known are {known}")
        if fault.empty is not None and fault.empty not in ("default", *stand_in.empty_forms):
            known = ", ".join(stand_in.empty_forms)
            raise BadControl(f"empty: {provider} has no {fault.empty!r}; known are {known}")
        with self._lock:
            self._faults[provider].add(fault)
        return fault

    @property
    def faults(self) -> dict[str, list[dict[str, Any]]]:
        """The faults that are still to come, as control JSON, by provider; those that are well are left out."""
        with self._lock:
            waiting = {name: queue.waiting for name, queue in self._faults.items()}
        return {
            name: [told(fault) for fault in faults] for name, faults in waiting.items() if faults
        }

    def heal(self, provider: str | None = None) -> None:
        """Forget the faults of one provider, or of all."""
        names = list(self.stand_ins) if provider is None else [self._stand_in(provider).name]
        with self._lock:
            for name in names:
                self._faults[name].clear()

    def reply(self, provider: str, text: str, times: int | None = 1) -> None:
        """Script the text of the next `times` answers; None scripts all that follow."""
        name = self._stand_in(provider).name
        with self._lock:
            self._scripts[name].add(text, times)

    def misbehave(self, provider: str, *habits: Sequence[Habit]) -> None:
        """Let a provider's model show *habits*, one set with each answer; none ends it."""
        with self._lock:
            self._scripts[self._stand_in(provider).name].misbehave(habits)

    def forget_replies(self, provider: str | None = None) -> None:
        """Forget the scripted texts and the habits of one provider, or of all."""
        names = list(self.stand_ins) if provider is None else [self._stand_in(provider).name]
        with self._lock:
            for name in names:
                self._scripts[name].clear()

    def set_quota(self, provider: str, **changes: object) -> None:
        """Change limits (`requests_per_day=1500`) or today's use (`used_today=19`)."""
        with self._lock:
            self._stand_in(provider).quotas.follow(changes, self.now)

    def quota(self, provider: str) -> dict[str, Any]:
        """Limits and use of a provider."""
        with self._lock:
            return self._stand_in(provider).quotas.report(self.now)

    # What was asked

    @property
    def log(self) -> list[Record]:
        """Every call so far, oldest first."""
        with self._lock:
            return list(self._log)

    def calls(self, provider: str) -> list[Record]:
        """The calls of one provider."""
        return [record for record in self.log if record.provider == provider]

    def clear_log(self) -> None:
        """Forget the calls so far."""
        with self._lock:
            self._log.clear()

    def open_calls(self, provider: str) -> int:
        """How many calls of a provider are being answered now."""
        with self._lock:
            return self._open[provider]

    def abandoned(self, provider: str) -> int:
        """How many calls ended because the connection was gone before the answer was complete."""
        with self._lock:
            return self._abandoned[provider]

    # Answering

    def answer(self, provider: str, call: Call) -> tuple[Reply, Fault]:
        """Decide the reply to a call and how it is delivered, and write it down."""
        stand_in = self.stand_ins[provider]
        with self._lock:
            model = stand_in.model(call)
            works = stand_in.works(call)
            fault = self._faults[provider].take(model, call.path, works=works)
            try:
                reply = stand_in.answer(call, fault, self._scripts[provider])
            except Refused as refused:
                reply = refused.reply
            self._log.append(self._record(provider, call, model, reply, fault))
        return reply, fault

    def _record(self, provider: str, call: Call, model: str, reply: Reply, fault: Fault) -> Record:
        data = call.data()
        return Record(
            monotonic_s=time.monotonic(),
            at=call.now,
            provider=provider,
            method=call.method,
            path=call.path,
            model=model,
            status=0 if fault.hang or fault.reset else reply.status,
            ok=reply.ok and not fault.breaks_delivery,
            request=self._masked(call.form() if data is None and call.body else data),
            headers={
                name: "***" if name in SECRET_HEADERS else str(self._masked(value))
                for name, value in call.headers.items()
            },
        )

    def _masked(self, data: Any) -> Any:
        """The data with every valid credential replaced."""
        if isinstance(data, dict):
            return {name: self._masked(value) for name, value in data.items()}
        if isinstance(data, list):
            return [self._masked(item) for item in data]
        if isinstance(data, str):
            keys = self.keys
            own = (keys.gemini, keys.openrouter, keys.cloudflare, keys.elevenlabs, keys.tavily)
            for key in filter(None, (*own, *(manners.key for manners in compatible.ALL))):
                data = data.replace(key, "***")
        return data

    def _stand_in(self, provider: str) -> StandIn:
        if provider not in self.stand_ins:
            known = ", ".join(self.stand_ins)
            raise BadControl(f"provider: there is no {provider!r}; known are {known}")
        return self.stand_ins[provider]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one HTTP request to a stand-in."""
        provider = request.path.split("/", 2)[1]
        call = Call(
            method=request.method,
            path=request.path.removeprefix(f"/{provider}"),
            now=self.now,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            open_calls=self.open_calls(provider),
        )
        reply, fault = self.answer(provider, call)
        with self._lock:
            self._open[provider] += 1
        whole = False
        try:
            response = await deliver(request, reply, fault, self.latency_s)
            whole = True
            return response
        finally:
            with self._lock:
                self._open[provider] -= 1
                self._abandoned[provider] += not whole


def create_app(sandbox: Sandbox) -> web.Application:
    """The web application of a sandbox."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    for name in sandbox.stand_ins:
        app.router.add_route("*", f"/{name}/{{rest:.*}}", sandbox.serve)
    control.add_routes(app, sandbox)
    return app
