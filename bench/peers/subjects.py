"""The peers as subjects, and the works that they are given beside ours."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.load import machine, works
from bench.load.nginx import Nginx
from bench.load.rounds import Work
from bench.load.subjects import Subject
from bench.load.wire import EVENTS, Ask, question
from bench.load.works import Goal, cheaper
from bench.peers import places

AUTHORIZED = {"Authorization": "Bearer sk-bench"}
QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_MASTER_KEY": "sk-bench",
    "DISABLE_ADMIN_UI": "True",
    "NO_PROXY": "*",
}
# LiteLLM imports with its first requests, node compiles while it runs.
WARM_UP_S = {"litellm": 5, "portkey": 10}
SLOW_S = 8  # a load of one that answers sixty requests a second


def name_of(peer: str, work: str) -> str:
    """How a row of a peer is called."""
    return f"{peer}: {work}"


def litellm(folder: Path, upstream: Nginx, *, caching: bool = False) -> Subject:
    """LiteLLM's proxy with one worker; *caching* is in memory."""
    name = "litellm-caching" if caching else "litellm"
    models = {
        "bench": _litellm("openai/bench", f"{upstream.url}/v1"),
        "gemini": _litellm("gemini/bench", f"{upstream.url}/v1beta/models/bench"),
        "failing": _litellm("openai/bench", f"{upstream.url}/failing/v1"),
        "late": _litellm("openai/bench", f"{upstream.url}/late/v1"),
        "burst": _litellm("openai/bench", f"{upstream.url}/burst/v1"),
    }
    cache = {"cache": True, "cache_params": {"type": "local"}} if caching else {}
    configuration = {
        "model_list": [{"model_name": n, "litellm_params": own} for n, own in models.items()],
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "fallbacks": [{"failing": ["bench"]}],
        },
        "litellm_settings": {
            "telemetry": False,
            "num_retries": 0,
            "request_timeout": 30,
            **cache,
        },
    }
    own = folder / name
    own.mkdir(parents=True)
    file = own / "config.yaml"
    file.write_text(json.dumps(configuration))  # which is YAML too
    port = machine.free_port()
    return Subject(
        name=name,
        command=(
            *(str(places.HERE["litellm"]), "--config", str(file), "--port", str(port)),
            *("--host", "127.0.0.1", "--num_workers", "1"),
        ),
        folder=own,
        ask=_asks_litellm("bench"),
        port=port,
        environment=QUIET,
        warm_up_s=WARM_UP_S["litellm"],
    )


def portkey(folder: Path, upstream: Nginx) -> Subject:
    """Portkey's gateway on node; where it asks is told it with every request."""
    port = machine.free_port()
    return Subject(
        name="portkey",
        command=("node", str(places.HERE["portkey"]), f"--port={port}", "--headless"),
        folder=folder / "portkey",
        ask=_asks_portkey(upstream, "/v1"),
        port=port,
        environment={"NODE_ENV": "production"},
        warm_up_s=WARM_UP_S["portkey"],
    )


def tensorzero(folder: Path, upstream: Nginx) -> Subject:
    """TensorZero's gateway in Rust, out of its Python wheel."""
    own = folder / "tensorzero"
    own.mkdir(parents=True)
    file, address = own / "config.toml", own / "address"
    models = (
        _tensorzero("bench", upstream, "/v1"),
        _tensorzero("failing", upstream, "/failing/v1", "/v1"),
        _tensorzero("late", upstream, "/late/v1"),
        _tensorzero("burst", upstream, "/burst/v1"),
    )
    file.write_text("[gateway]\nobservability.enabled = false\n" + "".join(models))
    host = Path(__file__).with_name("tensorzero_host.py")
    return Subject(
        name="tensorzero",
        command=(str(places.HERE["tensorzero"]), str(host), str(file), str(address)),
        folder=own,
        ask=_asks_tensorzero("bench"),
        announces=address,
    )


def subjects(folder: Path, upstream: Nginx) -> Iterator[Subject]:
    """Those that are installed."""
    there = places.installed()
    if "litellm" in there:
        yield litellm(folder, upstream)
        yield litellm(folder, upstream, caching=True)
    if "portkey" in there:
        yield portkey(folder, upstream)
    if "tensorzero" in there:
        yield tensorzero(folder, upstream)


def works_of(upstream: Nginx) -> Sequence[Work]:
    """What those that are installed are given to do: the same as ours, by the same names."""
    asks = {
        "litellm": (
            _asks_litellm("bench"),
            _asks_litellm("failing"),
            _asks_litellm("late"),
            _asks_litellm("burst", stream=True),
        ),
        "portkey": (
            _asks_portkey(upstream, "/v1"),
            _asks_portkey(upstream, "/failing/v1", "/v1"),
            _asks_portkey(upstream, "/late/v1"),
            _asks_portkey(upstream, "/burst/v1", stream=True),
        ),
        "tensorzero": (
            _asks_tensorzero("bench"),
            _asks_tensorzero("failing"),
            _asks_tensorzero("late"),
            _asks_tensorzero("burst", stream=True),
        ),
    }
    there = places.installed()
    found = [work for peer in there for work in _works(peer, *asks[peer])]
    if "litellm" in there:
        miss = next(own for own in found if own.name == name_of("litellm", works.MISS))
        name = name_of("litellm", works.HIT)
        found.append(replace(miss, name=name, subject="litellm-caching", vary=False, calls=0))
    return found


def goals() -> Sequence[Goal]:
    """How far ahead of the peers we want to be."""
    return (
        cheaper(name_of("tensorzero", works.MISS), works.MISS, 1.0),
        cheaper(name_of("portkey", works.MISS), works.MISS, 5.0),
        cheaper(name_of("litellm", works.MISS), works.MISS, 60.0),
        cheaper(name_of("litellm", works.HIT), works.HIT, 100.0),
    )


def _works(peer: str, plain: Ask, failing: Ask, late: Ask, burst: Ask) -> Iterator[Work]:
    seconds = SLOW_S if peer == "litellm" else None
    streams = 4 if peer == "litellm" else 16
    for name, ask, connections, calls in (
        (works.MISS, plain, 32, 1),
        (works.FAILOVER, failing, 32, 2),
        (works.LATE, late, works.CALLERS, 1),
        (works.STREAM, burst, streams, 1),
    ):
        yield Work(
            name=name_of(peer, name),
            subject=peer,
            ask=ask,
            connections=connections,
            calls=calls,
            events=EVENTS if ask is burst else 0,
            seconds=seconds,
        )


def _litellm(model: str, base_url: str) -> dict[str, str]:
    return {"model": model, "api_base": base_url, "api_key": "sk-bench"}


def _asks_litellm(model: str, *, stream: bool = False) -> Ask:
    return Ask(question(model, stream=stream), headers=AUTHORIZED)


def _asks_portkey(upstream: Nginx, *paths: str, stream: bool = False) -> Ask:
    """The first of *paths* at the stand-ins, and the others when it is overloaded."""
    targets = [
        {"provider": "openai", "api_key": "sk-bench", "custom_host": f"{upstream.url}{path}"}
        for path in paths
    ]
    strategy = {"mode": "fallback", "on_status_codes": [429, 503]}
    told = targets[0] if len(targets) == 1 else {"strategy": strategy, "targets": targets}
    headers = {"x-portkey-config": json.dumps(told)}
    return Ask(question("bench", stream=stream), headers=headers)


def _asks_tensorzero(model: str, *, stream: bool = False) -> Ask:
    body = question(f"tensorzero::model_name::{model}", stream=stream)
    return Ask(body, path="/openai/v1/chat/completions")


def _tensorzero(model: str, upstream: Nginx, *paths: str) -> str:
    """A model that is asked at *paths* of the stand-ins, one after the other."""
    routes = [f"at{number}" for number in range(len(paths))]
    lines = [f"[models.{model}]", f"routing = {json.dumps(routes)}"]
    for route, path in zip(routes, paths, strict=True):
        lines += [
            f"[models.{model}.providers.{route}]",
            'type = "openai"',
            'model_name = "bench"',
            f'api_base = "{upstream.url}{path}/"',
            'api_key_location = "none"',
        ]
    return "\n".join(lines) + "\n"
