"""Which providers there are, which can be asked, and in what order."""

import dataclasses
import pkgutil

import pytest

import providers
from providers import CATALOGUE, NAMES, Access, Entry, configured, left_out, without_training
from providers.compatible import ROWS
from providers.free_tiers import FreeTier
from storage.ledger import Limits
from tests.providers.asking import ENTRIES, KEY, build, prompt

GUIDE = ["gemini", "openrouter", "cloudflare"]
OTHERS = [*NAMES[3:]]
WITH_ALL = {
    name: Access(KEY, ("a-model",), "https://elsewhere.test/v1", "account-1") for name in NAMES
}


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> Entry:
    """Each provider in turn."""
    return ENTRIES[str(request.param)]


def names(access: dict[str, Access], *order: str) -> list[str]:
    return list(dict.fromkeys(p.identity.name for p, _ in configured(access, order)))


def test_the_default_order_is_gemini_openrouter_cloudflare_and_then_the_others() -> None:
    assert list(NAMES[:3]) == GUIDE
    assert names(WITH_ALL) == list(NAMES)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (("cloudflare",), ["cloudflare", "gemini", "openrouter", *OTHERS]),
        (("openrouter", "gemini"), ["openrouter", "gemini", "cloudflare", *OTHERS]),
        (("cloudflare", "openrouter", "gemini"), ["cloudflare", "openrouter", "gemini", *OTHERS]),
        (("openrouter", "openrouter"), ["openrouter", "gemini", "cloudflare", *OTHERS]),
        (("groq", *GUIDE), ["groq", *GUIDE, *OTHERS[1:]]),
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
    for entry in CATALOGUE:
        if entry.identity.name not in ("cloudflare", "ollama", "custom"):
            assert entry.needs == (f"{entry.identity.name.upper()}_API_KEY",)
            assert entry.is_configured(Access(key=KEY))


def test_ollama_needs_an_address_and_a_custom_endpoint_a_model_too() -> None:
    assert ENTRIES["ollama"].needs == ("OLLAMA_BASE_URL",)
    assert ENTRIES["custom"].needs == ("CUSTOM_BASE_URL", "CUSTOM_MODEL")
    for name in ("ollama", "custom"):
        assert not ENTRIES[name].is_configured(Access(key=KEY))
    assert not ENTRIES["custom"].is_configured(Access(base_url="https://elsewhere.test"))


def test_a_provider_is_built_with_its_own_model_and_address(entry: Entry) -> None:
    ladder = entry.ladder(Access(key=KEY, account_id="account-1"))
    assert [provider.model for provider, _ in ladder] == [row.model for row in entry.tier.ladder]
    for provider, _ in ladder:
        assert provider.identity == entry.identity
        assert provider.encode(prompt(), stream=False).url.startswith(entry.base_url)


def test_settings_replace_model_and_address(entry: Entry) -> None:
    provider = build(entry.identity.name, "https://elsewhere.test/base", "a-model")
    assert provider.model == "a-model"
    request = provider.encode(prompt(), stream=False)
    assert request.url.startswith("https://elsewhere.test/base/")
    assert "a-model" in request.url + str(request.body.get("model"))


def test_keys_are_never_printed(entry: Entry) -> None:
    access = WITH_ALL[entry.identity.name]
    shown = [access, entry, entry.ladder(access), WITH_ALL, configured(WITH_ALL)]
    assert KEY not in repr(shown) + str(shown)


def test_a_provider_cannot_be_changed_after_it_was_built(entry: Entry) -> None:
    provider = entry.ladder(WITH_ALL[entry.identity.name])[0][0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        provider.model = "another"  # type: ignore[misc]  # that is the point


def test_every_provider_has_names_of_its_own() -> None:
    for field in ("name", "label", "announced_as", "mark"):
        assert len({getattr(entry.identity, field) for entry in CATALOGUE}) == len(CATALOGUE)


def test_every_provider_of_the_catalogue_has_a_file_of_its_name_or_a_row() -> None:
    files = {module.name for module in pkgutil.iter_modules(providers.__path__)}
    assert files.issuperset(GUIDE)
    assert [row.identity.name for row in ROWS] == OTHERS


def test_no_train_leaves_out_whoever_may_learn_or_is_not_known_not_to() -> None:
    """With the reason; the others are asked in the same order."""
    access = without_training(WITH_ALL)
    asked = {provider.identity.name for provider, _ in configured(access)}
    assert asked == {"cloudflare", "groq", "cerebras", "sambanova", "ollama", "custom"}
    told = left_out(access)
    assert {own.provider for own in told} == set(WITH_ALL) - asked
    assert {own.reason for own in told} == {"it may learn from what it is sent (NO_TRAIN=1)"}
    assert left_out(WITH_ALL) == left_out(without_training({})) == ()


def test_whoever_does_not_learn_says_so_somewhere(entry: Entry) -> None:
    """A provider counts as one that learns until somebody has read that it does not."""
    assert entry.tier.trains or entry.tier.trains_by
    assert FreeTier("UTC", Limits(), counts_refusals=True, ladder=()).trains
