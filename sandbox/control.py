"""Steering the sandbox over HTTP: the routes below `/_control/`."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.author import HABITS
from sandbox.checks import NUMBER, TEXT, TIMES, BadControl, checked
from sandbox.faults import KINDS

if TYPE_CHECKING:  # the sandbox hands itself to these routes; importing it would be a circle
    from sandbox.app import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, sandbox: "Sandbox") -> None:
    """Add the control routes of a sandbox."""
    control = Control(sandbox)
    routes: tuple[tuple[str, str, Handler], ...] = (
        ("POST", "/_control/fault/{provider}", control.fail),
        ("GET", "/_control/faults", control.faults),
        ("DELETE", "/_control/faults", control.heal),
        ("POST", "/_control/reply/{provider}", control.reply),
        ("DELETE", "/_control/replies", control.forget_replies),
        ("POST", "/_control/habits/{provider}", control.misbehave),
        ("GET", "/_control/log", control.log),
        ("DELETE", "/_control/log", control.clear_log),
        ("POST", "/_control/clock", control.clock),
        ("GET", "/_control/quota/{provider}", control.quota),
        ("POST", "/_control/quota/{provider}", control.set_quota),
        ("GET", "/_control/errors", control.errors),
    )
    for method, path, handler in routes:
        app.router.add_route(method, path, _explained(handler))


class Control:
    """The handlers; each parses, calls one method of the sandbox, and returns."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    async def fail(self, request: web.Request) -> web.Response:
        """Queue one fault, or a list of them in order."""
        data = await _json(request)
        provider = request.match_info["provider"]
        faults = data if isinstance(data, list) else [data]
        added = [self._sandbox.add_fault(provider, fault) for fault in faults]
        return web.json_response({"added": len(added)})

    async def faults(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """The faults that are still to come, by provider."""
        return web.json_response(self._sandbox.faults)

    async def heal(self, request: web.Request) -> web.Response:
        """Forget faults, of one provider or of all."""
        self._sandbox.heal(request.query.get("provider"))
        return web.json_response({"healed": request.query.get("provider", "all")})

    async def reply(self, request: web.Request) -> web.Response:
        """Script the next text."""
        data = checked(await _json(request), {"text": TEXT, "times": TIMES})
        if "text" not in data:
            raise BadControl("text: is required")
        provider = request.match_info["provider"]
        self._sandbox.reply(provider, data["text"], data.get("times", 1))
        return web.json_response({"added": 1})

    async def forget_replies(self, request: web.Request) -> web.Response:
        """Forget scripted texts, of one provider or of all."""
        self._sandbox.forget_replies(request.query.get("provider"))
        return web.json_response({"forgotten": request.query.get("provider", "all")})

    async def misbehave(self, request: web.Request) -> web.Response:
        """Let the model show habits: a list of lists, one for each answer, over and over."""
        data = await _json(request)
        sets = (
            [each if isinstance(each, list) else [each] for each in data]
            if isinstance(data, list)
            else None
        )
        if sets is None:
            raise BadControl("body: must be a list of habits, or of lists of them")
        unknown = {str(habit) for each in sets for habit in each} - set(HABITS)
        if unknown:
            raise BadControl(f"habit: there is no {min(unknown)!r}; known are {', '.join(HABITS)}")
        self._sandbox.misbehave(request.match_info["provider"], *sets)
        return web.json_response({"habits": sets})

    async def log(self, request: web.Request) -> web.Response:
        """Every call so far, or those of `?provider=`."""
        provider = request.query.get("provider")
        records = self._sandbox.log if provider is None else self._sandbox.calls(provider)
        return web.json_response([asdict(record) for record in records])

    async def clear_log(self, request: web.Request) -> web.Response:
        """Forget the calls so far."""
        self._sandbox.clear_log()
        return web.json_response({"cleared": str(request.rel_url)})

    async def clock(self, request: web.Request) -> web.Response:
        """Let time pass, or set it."""
        data = checked(await _json(request), {"advance_s": NUMBER, "epoch": NUMBER})
        if len(data) != 1:
            raise BadControl("advance_s, epoch: give one of them")
        if "epoch" in data:
            self._sandbox.set_clock(data["epoch"])
        else:
            self._sandbox.advance(data["advance_s"])
        return web.json_response({"now": self._sandbox.now})

    async def quota(self, request: web.Request) -> web.Response:
        """Limits and use of a provider."""
        return web.json_response(self._sandbox.quota(request.match_info["provider"]))

    async def set_quota(self, request: web.Request) -> web.Response:
        """Change limits or today's use, and show the outcome."""
        data = await _json(request)
        if not isinstance(data, dict):
            raise BadControl("body: must be a JSON object")
        provider = request.match_info["provider"]
        self._sandbox.set_quota(provider, **data)
        return web.json_response(self._sandbox.quota(provider))

    async def errors(self, request: web.Request) -> web.Response:
        """The named errors and empty forms of every provider, and the fields of a fault."""
        wanted = request.query.get("provider")
        return web.json_response(
            {
                "habits": HABITS,
                "providers": {
                    name: {"errors": list(each.errors), "empty": list(each.empty_forms)}
                    for name, each in self._sandbox.stand_ins.items()
                    if wanted in (None, name)
                },
                "fault_fields": {name: kind[0] for name, kind in KINDS.items()},
            }
        )


def _explained(handler: Handler) -> Handler:
    """The handler, answering a request it cannot follow with a 400 that names the field."""

    async def explained(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except BadControl as bad:
            return web.json_response({"error": str(bad)}, status=400)

    return explained


async def _json(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError as broken:
        raise BadControl(f"body: is not JSON ({broken})") from broken
