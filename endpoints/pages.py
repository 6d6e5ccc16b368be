"""The pages and files of the web: served as they are, under a policy that lets nothing else in.

Pages are `web/NAME.html`; what they load lies under `/web/`. Nothing comes from another host.
"""

import gzip
import hashlib
import importlib.util
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Response

WEB = Path(__file__).parent.parent / "web"
# Where each page stands; `/status` is JSON for programs, and answered elsewhere.
PAGES = {"/": "studio", "/playground": "playground", "/docs": "docs"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; media-src 'self' blob:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# The studio shows documents that the service has rendered. One policy, made in one place, takes their
# HTML; `web/rendered.js` copies from it only the elements and attributes that a document has.
STUDIO_POLICY = POLICY.replace("trusted-types 'none'", "trusted-types rendered")
# Swagger's own script writes HTML, and its pictures are data.
DOCS_POLICY = POLICY.partition("; require-trusted-types-for")[0]
POLICIES = {"studio": STUDIO_POLICY, "docs": DOCS_POLICY}
WORTH_PACKING = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg"})
KEPT = "no-cache"  # the browser keeps it, and asks each time whether it is still the same


IfNoneMatch = Annotated[str, Header()]
Accepts = Annotated[str, Header(alias="accept-encoding")]


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it is sent: its bytes, packed if that helps, and a tag that changes with them."""

    body: bytes
    packed: bytes | None
    tag: str
    media_type: str


@cache
def read(path: Path) -> Served:
    """The file at *path*, read once. Raises `OSError` when it is not there."""
    body = path.read_bytes()
    packed = gzip.compress(body, mtime=0) if path.suffix in WORTH_PACKING else None
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return Served(body, packed, tag, "text/javascript" if path.suffix == ".mjs" else kind)


def page_routes() -> APIRouter:
    """The pages, and the files that they load."""
    routes = APIRouter(include_in_schema=False)
    for place, name in PAGES.items():
        routes.get(place, name=name)(_page(name))

    @routes.get("/web/{name:path}")
    async def file(name: str, if_none_match: IfNoneMatch = "", accepts: Accepts = "") -> Response:
        path = _place_of(name)
        if path is None:
            raise HTTPException(404, "There is no such file")
        return _answer(read(path), if_none_match, accepts, {})

    return routes


def page(name: str, if_none_match: str = "", accepts: str = "") -> Response:
    """The page called *name*."""
    headers = {"Content-Security-Policy": POLICIES.get(name, POLICY)}
    return _answer(read(WEB / f"{name}.html"), if_none_match, accepts, headers)


def _page(name: str) -> Callable[..., Awaitable[Response]]:
    async def show(if_none_match: IfNoneMatch = "", accepts: Accepts = "") -> Response:
        return page(name, if_none_match, accepts)

    return show


def _place_of(name: str) -> Path | None:
    """The file that is served as `/web/NAME`; None for anything that is not one of ours."""
    folder, inside = WEB, name
    if name.startswith("swagger/"):
        folder, inside = _swagger(), name.removeprefix("swagger/")
    try:
        path = (folder / inside).resolve()
        is_ours = path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):  # no file can have such a name
        return None
    return path if is_ours else None


@cache
def _swagger() -> Path:
    """Where the installed package keeps Swagger's files; the package itself is not imported."""
    found = importlib.util.find_spec("fastapi_offline")
    if found is None or not found.submodule_search_locations:
        return WEB
    return Path(next(iter(found.submodule_search_locations))) / "static"


def _answer(served: Served, known: str, accepts: str, headers: dict[str, str]) -> Response:
    own = {"ETag": served.tag, "Cache-Control": KEPT, "Vary": "Accept-Encoding", **headers}
    if served.tag in known:
        return Response(status_code=304, headers=own)
    if served.packed is not None and "gzip" in accepts:
        own["Content-Encoding"] = "gzip"
        return Response(served.packed, media_type=served.media_type, headers=own)
    return Response(served.body, media_type=served.media_type, headers=own)
