"""Which providers there are, which can be asked, and in what order."""

import dataclasses
import pkgutil

import pytest

import providers
from providers import CATALOGUE, NAMES, Access, Entry, configured
from tests.providers.asking import KEY, build, prompt

WITH_ALL = {name: Access(key=KEY, account_id="account-1") for name in NAMES}


def names(access: dict[str, Access], *order: str) -> list[str]:
    return list(dict.fromkeys(p.identity.name for p, _ in configured(access, order)))


def test_the_default_order_is_gemini_openrouter_cloudflare() -> None:
    assert NAMES == ("gemini", "openrouter", "cloudflare")
    assert names(WITH_ALL) == list(NAMES)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (("cloudflare",), ["cloudflare", "gemini", "openrouter"]),
        (("openrouter", "gemini"), ["openrouter", "gemini", "cloudflare"]),
        (("cloudflare", "openrouter", "gemini"), ["cloudflare", "openrouter", "gemini"]),
        (("openrouter", "openrouter"), ["openrouter", "gemini", "cloudflare"]),
    ],
)
def test_the_order_asked_for_comes_first_and_the_rest_follows(
    order: tuple[str, ...], expected: list[str]
) -> None:
    assert names(WITH_ALL, *order) == expected


def test_without_keys_nobody_can_be_asked() -> None:
    assert configured({name: Access(account_id="account-1") for name in NAMES}) == ()


@pytest.mark.parametrize("name", NAMES)
def test_one_key_makes_one_provider(name: str) -> None:
    access = {other: WITH_ALL[other] if other == name else Access() for other in NAMES}
    assert names(access, "cloudflare") == [name]


def test_cloudflare_needs_both_its_variables() -> None:
    cloudflare = CATALOGUE[NAMES.index("cloudflare")]
    assert cloudflare.needs == ("CLOUDFLARE_API_KEY", "CLOUDFLARE_ACCOUNT_ID")
    assert not cloudflare.is_configured(Access(key=KEY))
    assert not cloudflare.is_configured(Access(account_id="account-1"))
    assert cloudflare.is_configured(Access(key=KEY, account_id="account-1"))


def test_the_others_need_only_their_key() -> None:
    for entry in CATALOGUE[:2]:
        assert entry.needs == (f"{entry.identity.name.upper()}_API_KEY",)
        assert entry.is_configured(Access(key=KEY))


def test_a_provider_is_built_with_its_own_model_and_address(entry: Entry) -> None:
    provider = entry.ladder(Access(key=KEY, account_id="account-1"))[0][0]
    assert provider.identity == entry.identity
    assert provider.model == entry.tier.ladder[0].model


def test_settings_replace_model_and_address(entry: Entry) -> None:
    provider = build(entry.identity.name, "https://elsewhere.test/base", "a-model")
    assert provider.model == "a-model"
    request = provider.encode(prompt(), stream=False)
    assert request.url.startswith("https://elsewhere.test/base/")
    assert "a-model" in request.url + str(request.body.get("model"))


def test_keys_are_never_printed(entry: Entry) -> None:
    access = Access(key=KEY, account_id="account-1")
    shown = [access, entry, entry.ladder(access), WITH_ALL, configured(WITH_ALL)]
    assert KEY not in repr(shown) + str(shown)


def test_a_provider_cannot_be_changed_after_it_was_built(entry: Entry) -> None:
    provider = entry.ladder(Access(key=KEY, account_id="account-1"))[0][0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        provider.model = "another"  # type: ignore[misc]  # that is the point


def test_every_provider_has_names_of_its_own() -> None:
    for field in ("name", "label", "announced_as", "mark"):
        assert len({getattr(entry.identity, field) for entry in CATALOGUE}) == len(CATALOGUE)


def test_every_provider_of_the_catalogue_has_a_file_of_its_name() -> None:
    files = {module.name for module in pkgutil.iter_modules(providers.__path__)}
    assert files.issuperset(NAMES)
