"""The synchronous doorway: one provider asked directly, from a REPL, a notebook or a thread."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import orjson

from providers import Access, Entry
from providers.base import HttpRequest, HttpResponse, Provider, Terms
from providers.errors import FailureKind, ProviderError
from providers.outbound import proxy_for
from providers.prompt import Json, Message, Prompt
from storage.ledger import Allowance

TIMEOUT_S = (3.05, 120.0)  # to connect, and between bytes


class Stamps(Protocol):
    """Notes that a provider is being called, so that the service keeps its interval after it."""

    def stamp(self, allowance: Allowance) -> None:
        """Note that a call under *allowance* is being made now."""
        ...


Ask = Callable[..., Json]


def doorway(entry: Entry, access: Access, limiter: Stamps, proxy: str = "") -> Ask:
    """The function that asks one provider, with failover, cache and waiting left out.

    It goes through *proxy* if that is set; see `proxy_for`.
    """

    def ask(messages: Iterable[Mapping[str, str]], **parameters: Any) -> Json:
        if access.left_out:
            raise RuntimeError(f"{entry.identity.label} is left out: {access.left_out}")
        if not entry.is_configured(access):
            raise RuntimeError(f"{' and '.join(entry.needs)} must be set (in .env, for example)")
        prompt = Prompt(
            messages=tuple(Message(m["role"], m["content"]) for m in messages),  # type: ignore[arg-type]  # checked by the provider
            **parameters,
        )
        *spares, last = entry.ladder(access)[: len(access.keys) or 1]  # the best model's
        for provider, terms in spares:
            try:
                return ask_under_one_key(provider, terms, prompt)
            except ProviderError as error:
                if error.kind is not FailureKind.AUTH:
                    raise
        return ask_under_one_key(*last, prompt)

    def ask_under_one_key(provider: Provider, terms: Terms, prompt: Prompt) -> Json:
        request = provider.encode(prompt, stream=False)
        limiter.stamp(terms.allowance)
        way = proxy_for(request.url, proxy)
        return provider.decode(_post(request, way)).normalised()

    label = entry.identity.label
    ask.__name__ = f"call_{entry.identity.name}_api"
    ask.__doc__ = f"""Ask {label} and wait for its answer, in the guide's normalised shape.

    *messages* have `role` (system, user or assistant) and `content`; *parameters* are those of
    `Prompt`, such as `max_tokens` and `temperature`. Of several keys the next one is used when one is
    refused. Raises `RuntimeError` without a key, and
    `ProviderError` when {label} does not answer.
    """
    return ask


def _post(request: HttpRequest, proxy: str | None) -> HttpResponse:
    import requests  # 60 ms that only the doorway should pay

    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no .netrc from the environment
            with session.post(
                request.url,
                data=orjson.dumps(request.body),
                headers={"content-type": "application/json", **request.headers},
                proxies={"http": proxy, "https": proxy} if proxy else None,
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,  # so that the connection is closed even when the body cannot be read
            ) as reply:
                content = reply.content
    except requests.exceptions.RequestException as error:
        raise ProviderError(_kind_of(error)) from error
    lowered = {name.lower(): value for name, value in reply.headers.items()}
    return HttpResponse(reply.status_code, lowered, content, time.time())


def _kind_of(error: Exception) -> FailureKind:
    """What went wrong on the network, told from the client's exception and what it wraps."""
    from requests import exceptions
    from urllib3.exceptions import ProtocolError, ReadTimeoutError

    if isinstance(error, exceptions.SSLError):
        return FailureKind.TLS
    if isinstance(error, exceptions.ReadTimeout) or _wraps(error, ReadTimeoutError):
        return FailureKind.TIMEOUT
    if isinstance(error, (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError)):
        return FailureKind.BAD_BODY
    return FailureKind.RESET if _wraps(error, ProtocolError) else FailureKind.NOT_SENT


def _wraps(error: Exception, kind: type[Exception]) -> bool:
    return any(isinstance(argument, kind) for argument in error.args)
