"""Settings: the only reader of the environment and of `.env`; secrets are never printed.

Every variable is described in `.env.example`. An empty value counts as not set.
"""

import ipaddress
import logging
import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from callers import ApiKey
from planning.research import BACKENDS
from providers import CATALOGUE, NAMES, Access, without_training
from storage import shared_store
from storage.ledger import Limits

log = logging.getLogger("trimaran.settings")

STARTUP_FAILURE = 3  # the exit status after which uvicorn's supervisor starts no worker again


class SettingsError(SystemExit):
    """A variable has a value that cannot be used; the message names it, and never shows a secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = STARTUP_FAILURE


def _split(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _known_providers(value: str) -> str:
    unknown = [name for name in _split(value) if name not in NAMES]
    if unknown:
        raise ValueError(f"no provider is called {unknown[0]!r}; there are {', '.join(NAMES)}")
    return value


def _known_backends(value: str) -> str:
    unknown = [name for name in _split(value) if name not in BACKENDS]
    if unknown:
        raise ValueError(f"no search is called {unknown[0]!r}; there are {', '.join(BACKENDS)}")
    return value


def _plain_secret(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise ValueError("a key has only letters, digits and signs, without spaces")
    return value


def _existing_file(value: str) -> str:
    if value and not Path(value).is_file():
        raise ValueError("there is no such file")
    return value


def _readable_keys(value: SecretStr) -> SecretStr:
    for entry in _split(value.get_secret_value()):
        ApiKey.read(entry)
    return value


def _networks(value: str) -> str:
    for entry in _split(value):
        if entry != "*":
            ipaddress.ip_network(entry, strict=False)
    return value


def _plain_secrets(value: SecretStr) -> SecretStr:
    """One key, or several with commas between them, around which spaces are let through."""
    return _plain_secret(SecretStr(",".join(_split(value.get_secret_value()))))


def _without_slash(value: str) -> str:
    return value.rstrip("/")


def _store_url(value: SecretStr) -> SecretStr:
    try:
        if re.search(r"\s", url := value.get_secret_value()):
            raise ValueError("a space")
        shared_store(url, "")
    except ValueError:
        # From None: the chained error could show the value.
        raise ValueError(
            "it is redis://, rediss:// or unix://, a host or a socket, and options of redis-py"
        ) from None
    return value


def _proxy_url(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"https?://([^\s/@]+@)?[^\s/?#@]+:\d{1,5}/?", value.get_secret_value()):
        raise ValueError("it is http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT")
    return value


Secret = Annotated[SecretStr, AfterValidator(_plain_secret)]
Secrets = Annotated[SecretStr, AfterValidator(_plain_secrets)]
Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"),
    AfterValidator(_without_slash),
]
NO_SECRET = SecretStr("")
LoopbackUrl = Annotated[
    str, StringConstraints(pattern=r"^http://(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$")
]
INSTANCES = 4  # of a fleet whose size nobody has told


class _FromEnvironment(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )


Variables = TypeVar("Variables", bound=_FromEnvironment)


class _ProviderVariables(_FromEnvironment):
    """The variables that every provider has, under its own prefix."""

    api_key: Secrets = NO_SECRET
    model: Annotated[str, StringConstraints(pattern=r"^[\w.:/@, -]*$")] = ""
    base_url: Url | Literal[""] = ""
    account_id: Annotated[str, StringConstraints(pattern=r"^[\w-]*$")] = ""
    requests_per_minute: Annotated[int, Field(ge=0)] | None = None
    requests_per_day: Annotated[int, Field(ge=0)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=0)] | None = None
    tokens_per_day: Annotated[int, Field(ge=0)] | None = None
    neurons_per_day: Annotated[float, Field(ge=0)] | None = None

    def access(self) -> Access:
        """How to reach the provider."""
        by_day = self.tokens_per_day if self.neurons_per_day is None else self.neurons_per_day
        return Access(
            key=self.api_key.get_secret_value(),
            models=_split(self.model),
            base_url=self.base_url,
            account_id=self.account_id,
            limits=Limits(
                per_minute=self.requests_per_minute,
                per_day=self.requests_per_day,
                tokens_per_minute=self.tokens_per_minute,
                units_per_day=by_day,
            ),
        )


class Settings(_FromEnvironment):
    """The service's settings. Those that are None leave the literal in `main.py` in force."""

    provider_order: Annotated[str, NoDecode, AfterValidator(_known_providers)] = ""
    cache_dir: str | None = None
    cache_ttl_hours: Annotated[float, Field(gt=0, le=24 * 365)] | None = None
    cache_stale_hours: Annotated[float, Field(ge=0, le=24 * 365)] = 24
    cache_max_mb: Annotated[float, Field(gt=0)] = 100
    redis_url: Annotated[SecretStr, AfterValidator(_store_url)] | None = None
    redis_prefix: Annotated[str, StringConstraints(pattern=r"^[\w.:-]+$")] = "trimaran"
    instances_hint: Annotated[int, Field(ge=1, le=10_000)] | None = None
    min_interval_seconds: Annotated[float, Field(ge=0, le=86400)] | None = None
    pacing: Literal["interval", "quota"] = "interval"
    max_wait_seconds: Annotated[float, Field(ge=0, le=3600)] = 75
    no_train: bool = False
    outbound_proxy: Annotated[SecretStr, AfterValidator(_proxy_url)] | None = None
    local_model: Literal["auto", "fallback", "off"] = "auto"
    search: Literal["on", "off"] = "on"
    search_backends: Annotated[str, NoDecode, AfterValidator(_known_backends)] = ",".join(BACKENDS)
    tavily_api_key: Secret = NO_SECRET
    searxng_url: Url | Literal[""] = ""
    search_url: Url | Literal[""] = ""
    sandbox_url: LoopbackUrl | Literal[""] = ""
    pdf_font_cjk: Annotated[str, AfterValidator(_existing_file)] = ""
    elevenlabs_api_key: Secret = NO_SECRET
    elevenlabs_voice_id: Annotated[str, StringConstraints(pattern=r"^\w+$")] = (
        "JBFqnCBsd6RMkjVDRZzb"
    )
    elevenlabs_model: Annotated[str, StringConstraints(pattern=r"^\w+$")] = "eleven_flash_v2_5"
    elevenlabs_base_url: Url = "https://api.elevenlabs.io"
    trimaran_api_keys: Annotated[SecretStr, AfterValidator(_readable_keys)] = NO_SECRET
    api_key_requests_per_minute: Annotated[int, Field(ge=0)] = 60
    api_key_requests_per_day: Annotated[int, Field(ge=0)] = 2_000
    allow_anonymous: bool = False
    anonymous_requests_per_day: Annotated[int, Field(ge=0)] = 1_000
    anonymous_requests_per_day_per_address: Annotated[int, Field(ge=0)] = 100
    trusted_proxies: Annotated[str, NoDecode, AfterValidator(_networks)] = ""
    cache_scope: Literal["own", "shared"] = "own"
    vercel: bool = False
    shutdown_grace_seconds: Annotated[float, Field(ge=0, le=3600)] = 8
    cors_origins: Annotated[str, NoDecode] = ""
    otel_exporter_otlp_endpoint: Url | Literal[""] = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @property
    def shared_store_url(self) -> str:
        """Where the store of a fleet is; empty for the embedded one."""
        return self.redis_url.get_secret_value() if self.redis_url else ""

    @property
    def proxy(self) -> str:
        """What requests to the outside go through; empty for nothing."""
        return self.outbound_proxy.get_secret_value() if self.outbound_proxy else ""

    @property
    def speech_key(self) -> str:
        """ElevenLabs' key; with `NO_TRAIN` none, since it is not known what is learnt there."""
        return "" if self.no_train else self.elevenlabs_api_key.get_secret_value()

    @property
    def instances(self) -> int:
        """How many processes share the limits, for one that loses sight of the others."""
        return self.instances_hint or INSTANCES

    @property
    def order(self) -> tuple[str, ...]:
        """The provider names in the order asked for; empty for the default order."""
        return _split(self.provider_order)

    @property
    def searches(self) -> tuple[str, ...]:
        """The names of the search services that may be asked, in order."""
        return _split(self.search_backends)

    @property
    def api_keys(self) -> tuple[ApiKey, ...]:
        """The keys that callers may show; none where everybody here may call."""
        return tuple(map(ApiKey.read, _split(self.trimaran_api_keys.get_secret_value())))

    @property
    def proxies(self) -> tuple[str, ...]:
        """The addresses and networks of the proxies whose word on an address is taken.

        `*` for all: on Vercel nobody gets in but through its own.
        """
        return ("*",) if self.vercel else _split(self.trusted_proxies)

    @property
    def origins(self) -> tuple[str, ...]:
        """The web origins whose pages may call the service."""
        return _split(self.cors_origins)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything the environment says: the settings, and how to reach each provider by name."""

    settings: Settings
    access: dict[str, Access]

    def secrets(self) -> tuple[str, ...]:
        """Every key that is configured, each by itself, so that logs can be kept clean of them."""
        keys = [key for access in self.access.values() for key in access.keys]
        others = (self.settings.elevenlabs_api_key, self.settings.tavily_api_key)
        keys += [key.get_secret_value() for key in others]
        urls = (self.settings.shared_store_url, self.settings.proxy)
        passwords = [urllib.parse.urlsplit(url).password or "" for url in urls]
        meant = [urllib.parse.unquote(password) for password in passwords]
        return tuple(filter(None, [*keys, *passwords, *meant]))


def read_environment() -> Configuration:
    """Read the environment, and `.env` in the working directory below it.

    Raises `SettingsError` for the first value that cannot be used.
    """
    settings = _read(Settings, "")
    access = {
        entry.identity.name: _read(_ProviderVariables, f"{entry.prefix}_").access()
        for entry in CATALOGUE
    }
    return Configuration(settings, without_training(access) if settings.no_train else access)


def _read(kind: type[Variables], prefix: str) -> Variables:
    try:
        return kind(_env_prefix=prefix)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)[0]
        variable = f"{prefix}{wrong['loc'][0]}".upper()
        reason = wrong["msg"].removeprefix("Value error, ")
        message = f"{variable} cannot be used: {reason}"
        log.critical(message)
        # From None: the chained error would show the value.
        raise SettingsError(message) from None
