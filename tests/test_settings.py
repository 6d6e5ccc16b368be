"""Settings: typed, named when wrong, and silent about secrets."""

from pathlib import Path

import pytest

from providers import Access
from settings import SettingsError, read_environment


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the developer's own .env."""
    monkeypatch.chdir(tmp_path)


def test_nothing_set_means_the_defaults() -> None:
    """And nobody is configured."""
    environment = read_environment()
    assert environment.settings.max_wait_seconds == 75
    assert environment.settings.cache_dir is None
    assert set(environment.access.values()) == {Access()}
    assert environment.secrets() == ()


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As people leave them in .env."""
    monkeypatch.setenv("GEMINI_API_KEY", "")
    monkeypatch.setenv("MAX_WAIT_SECONDS", "")
    environment = read_environment()
    assert environment.settings.max_wait_seconds == 75
    assert environment.access["gemini"].key == ""


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment can override what is in .env."""
    Path(".env").write_text("GEMINI_API_KEY=from-file\nOPENROUTER_API_KEY=also-from-file\n")
    monkeypatch.setenv("GEMINI_API_KEY", "from-environment")
    access = read_environment().access
    assert access["gemini"].key == "from-environment"
    assert access["openrouter"].key == "also-from-file"


def test_a_base_url_loses_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that paths are joined without doubling it."""
    monkeypatch.setenv("GEMINI_BASE_URL", "http://127.0.0.1:9100/gemini/")
    assert read_environment().access["gemini"].base_url == "http://127.0.0.1:9100/gemini"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GEMINI_API_KEY", "se cret"),
        ("GEMINI_API_KEY", "secrét"),
        ("ELEVENLABS_API_KEY", "secret\nmore"),
        ("CLOUDFLARE_ACCOUNT_ID", "../secret"),
        ("OPENROUTER_BASE_URL", "http://user:secret@host/"),
        ("GEMINI_BASE_URL", "https://host/?key=secret"),
        ("GEMINI_MODEL", "a model\r\nsecret: x"),
        ("MAX_WAIT_SECONDS", "secret"),
        ("CACHE_MAX_MB", "0"),
        ("SEARCH", "secret"),
        ("REDIS_URL", "http://user:secret@host"),
        ("REDIS_URL", "redis://:secret@host:6379/0 x"),
        ("REDIS_URL", "redis://:secret@host:no-port"),
        ("REDIS_URL", "redis://host/0?socket_timeout=secret"),
        ("REDIS_URL", "redis://host/0?secret=1"),
        ("REDIS_PREFIX", "secret *"),
        ("INSTANCES_HINT", "0"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Whatever it is, it may be a secret in the wrong place."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        read_environment()
    assert str(refused.value).startswith(f"{variable} cannot be used: ")
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_no_key_shows_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by accident."""
    monkeypatch.setenv("GEMINI_API_KEY", "very-secret")
    monkeypatch.setenv("ELEVENLABS_API_KEY", "very-secret-too")
    environment = read_environment()
    assert "very-secret" not in repr(environment)
    assert environment.secrets() == ("very-secret", "very-secret-too")


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://host:6379/0?socket_timeout=1",
        "rediss://user:p%40ssword@host.example.org:6379/2",
        "unix:///run/valkey/valkey.sock?db=1",
        "redis://[::1]:6379",
    ],
)
def test_the_address_of_a_shared_store_is_taken_as_redis_clients_write_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """TCP, TLS or a socket; with options."""
    monkeypatch.setenv("REDIS_URL", url)
    settings = read_environment().settings
    assert settings.shared_store_url == url
    assert url not in repr(settings)


def test_the_password_of_the_store_is_kept_out_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is written, and as it is meant."""
    monkeypatch.setenv("REDIS_URL", "rediss://user:p%40ssword@host/0")
    assert {"p%40ssword", "p@ssword"} <= set(read_environment().secrets())


def test_a_fleet_of_unknown_size_counts_as_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its store, unless it is told."""
    assert read_environment().settings.instances == 4
    monkeypatch.setenv("REDIS_URL", "redis://host")
    assert read_environment().settings.instances == 4
    monkeypatch.setenv("INSTANCES_HINT", "7")
    assert read_environment().settings.instances == 7


def test_a_key_may_be_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """With spaces or without; each is a secret by itself."""
    monkeypatch.setenv("GEMINI_API_KEY", "first-key, second-key,,first-key ,")
    monkeypatch.setenv("GROQ_API_KEY", " , ")
    environment = read_environment()
    assert environment.access["gemini"].keys == ("first-key", "second-key")
    assert environment.access["groq"] == Access()
    assert environment.secrets() == ("first-key", "second-key")
    monkeypatch.setenv("GEMINI_API_KEY", "first-key,secret key")
    with pytest.raises(SettingsError, match="GEMINI_API_KEY cannot be used") as refused:
        read_environment()
    assert "secret" not in str(refused.value)
