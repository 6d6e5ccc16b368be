"""What can be made to go wrong: a `Fault` says it as a value, `FaultQueue` says for which calls. Pure."""

import gzip
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sandbox.checks import (
    ANYTHING,
    CHANCE,
    COUNT,
    FLAG,
    FORM,
    HEADERS,
    NUMBER,
    STATUS,
    TEXT,
    TIMES,
    Kind,
    checked,
)  # fmt: skip
from sandbox.exchange import Reply, dump, reply_html, reply_json

HUGE_LINE_BYTES = 600_000
BOMB_BYTES = 64 * 1024 * 1024
LOST_BYTES = 64  # how much a short content length promises too much


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail. Without any answer or delivery field it is fair weather."""

    # Which calls it is for. Without `path` these are the calls that do work (generate, speak,
    # search); with it, every call whose path contains it ("/" is every call).
    times: int | None = None
    model: str | None = None
    path: str | None = None
    chance: float = 1.0

    # What is answered instead.
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    html: bool = False
    malformed: bool = False
    redirect: str | None = None
    gzip_bomb: bool = False
    empty: str | None = None
    finish: str | None = None
    blocked: str | None = None
    thinking_ate_budget: bool = False
    error_midstream: bool = False
    huge_line: bool = False

    # How it is delivered.
    delay_s: float = 0.0
    hang: bool = False
    reset: bool = False
    chunk_delay_s: float = 0.0
    slice_s: float | None = None
    cut_after_bytes: int | None = None
    cut_after_chunks: int | None = None
    stall_after_chunks: int | None = None
    short_content_length: bool = False

    @property
    def breaks_delivery(self) -> bool:
        """Whether the caller never gets the whole reply."""
        return (
            self.hang
            or self.reset
            or self.short_content_length
            or self.cut_after_bytes is not None
            or self.cut_after_chunks is not None
            or self.stall_after_chunks is not None
        )

    def matches(self, model: str, path: str, *, works: bool) -> bool:
        """Whether a call is one of those the fault is for."""
        if self.model is not None and self.model != model:
            return False
        return works if self.path is None else self.path in path


FAIR = Fault()


def substitute(fault: Fault) -> Reply | None:
    """The reply that stands in for any provider's own, when the fault asks for one."""
    if fault.gzip_bomb:
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        return Reply(status=fault.status or 200, chunks=(_bomb(),), headers=headers, ok=False)
    if fault.redirect is not None:
        headers = {"location": fault.redirect}
        return Reply(status=fault.status or 302, chunks=(b"",), headers=headers, ok=False)
    if fault.malformed:
        reply = reply_json(fault.status or 200, None, fault.headers, ok=False)
        return replace(reply, chunks=(b'{"candidates":[{"content":{"parts":[{"text":"Hel',))
    if fault.html:
        return _page(fault)
    if fault.status is not None:
        return _literal(fault, fault.status)
    return None


def _page(fault: Fault) -> Reply:
    status = fault.status or 502
    title = f"{status} Bad Gateway" if status == 502 else f"{status} Error"
    html = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body></html>"
    reply = reply_html(status, fault.body if isinstance(fault.body, str) else html)
    return replace(reply, headers={**reply.headers, **fault.headers})


def _literal(fault: Fault, status: int) -> Reply:
    is_text = isinstance(fault.body, str)
    content_type = "text/plain; charset=utf-8" if is_text else "application/json"
    body = fault.body.encode() if is_text else dump({} if fault.body is None else fault.body)
    headers = {"content-type": content_type, **{k.lower(): v for k, v in fault.headers.items()}}
    return Reply(status=status, chunks=(body,), headers=headers, ok=status < 400)


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * BOMB_BYTES, compresslevel=9, mtime=0)


KINDS: Mapping[str, Kind] = {
    "times": TIMES, "model": TEXT, "path": TEXT, "chance": CHANCE,
    "status": STATUS, "body": ANYTHING, "headers": HEADERS, "error": TEXT, "html": FLAG,
    "malformed": FLAG, "redirect": FORM, "gzip_bomb": FLAG, "empty": FORM, "finish": TEXT,
    "blocked": FORM, "thinking_ate_budget": FLAG, "error_midstream": FLAG, "huge_line": FLAG,
    "delay_s": NUMBER, "hang": FLAG, "reset": FLAG, "chunk_delay_s": NUMBER,
    "slice_s": NUMBER, "cut_after_bytes": COUNT, "cut_after_chunks": COUNT,
    "stall_after_chunks": COUNT, "short_content_length": FLAG,
}  # fmt: skip

# What `true` stands for where a text can say more.
DEFAULT_FORMS = {
    "redirect": "http://127.0.0.1:1/elsewhere",
    "empty": "default",
    "blocked": "SAFETY",
}


def parse_fault(data: object) -> Fault:
    """Read a fault from control JSON; raises `BadControl` naming the field that is wrong."""
    fields = checked(data, KINDS)
    for name, form in DEFAULT_FORMS.items():
        if fields.get(name) is True:
            fields[name] = form
    return Fault(**fields)


def told(fault: Fault) -> dict[str, Any]:
    """*fault* as control JSON: the fields that differ from fair weather."""
    fields = {name: getattr(fault, name) for name in KINDS}
    return {name: value for name, value in fields.items() if value != getattr(FAIR, name)}


class FaultQueue:
    """The faults of one provider, first come first served.

    A fault with `times` is used up; one without lasts until it is healed or until another endless
    fault for the same model and path takes its place.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault at the end of the queue."""
        timed = [old for old in self._faults if old.times is not None]
        endless = [old for old in self._faults if old.times is None and not _replaces(fault, old)]
        (endless if fault.times is None else timed).append(fault)
        self._faults = timed + endless  # behind an endless one, those that end were never reached

    def take(self, model: str, path: str, *, works: bool) -> Fault:
        """The fault for a call; fair weather when there is none."""
        for index, fault in enumerate(self._faults):
            if not fault.matches(model, path, works=works):
                continue
            if fault.chance < 1 and self._dice.random() >= fault.chance:
                continue
            if fault.times == 1:
                del self._faults[index]
            elif fault.times is not None:
                self._faults[index] = replace(fault, times=fault.times - 1)
            return fault
        return FAIR

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """Those that are still to come, in order."""
        return tuple(self._faults)

    def clear(self) -> None:
        """Heal."""
        self._faults = []


def _replaces(new: Fault, old: Fault) -> bool:
    return new.times is None and (old.model, old.path) == (new.model, new.path)
