"""What the documentation promises: settings, links, commands and lines that people rely on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers import CATALOGUE, Entry
from providers.free_tiers import FreeModel
from settings import Settings, _ProviderVariables

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUIDE_PAGES = [
    "QUICK_START",
    "CLOUDFLARE_SETUP",
    "MULTI_PROVIDER_SETUP",
    "ARCHITECTURE",
    "IMPLEMENTATION_SUMMARY",
    "CLOUDFLARE_SUMMARY",
]
REGISTRIES = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("proxy", "golang", "org"),
]
TEXTS = {
    ".py",
    ".md",
    ".txt",
    ".toml",
    ".json",
    ".yml",
    ".yaml",
    ".html",
    ".js",
    ".css",
    ".example",
}


# Limits that a provider does not have, beside those in a unit that is not its own.
WITHOUT_EFFECT = {"OPENROUTER_TOKENS_PER_MINUTE", "CLOUDFLARE_TOKENS_PER_MINUTE"} | {
    f"{name}_TOKENS_PER_DAY" for name in ("GEMINI", "OPENROUTER")
}
ANCHORS = {"America/Los_Angeles": "midnight, Pacific time", "UTC": "00:00 UTC"}
ABILITIES = ("images", "tools", "json", "schema", "logprobs")


def variables_read() -> set[str]:
    """Every variable that has an effect; only some providers need an account."""
    read = {name.upper() for name in Settings.model_fields}
    for entry in CATALOGUE:
        other = "neurons" if entry.tier.unit == "tokens" else "tokens"
        for name in _ProviderVariables.model_fields:
            variable = f"{entry.prefix}_{name}".upper()
            needs_account = name != "account_id" or variable in entry.needs
            if needs_account and name != f"{other}_per_day":
                read.add(variable)
    return read - WITHOUT_EFFECT


def resets(entry: Entry) -> str:
    """When quotas begin anew, as the table says it."""
    limits = (entry.tier.account, *(row.limits for row in entry.tier.ladder))
    if entry.tier.rolls:
        return "fills up all the time"
    by_day = any(own.per_day is not None or own.units_per_day is not None for own in limits)
    return ANCHORS[entry.tier.zone] if by_day else "–"


def number(limit: float | None) -> str:
    """A limit as the table says it."""
    return "–" if limit is None else f"{limit:,.0f}"


def offer_line(entry: Entry) -> str:
    """The line of a provider in the table of what is free."""
    key = entry.tier.key_from
    key = f"<{key}>" if key.startswith("https:") else key
    needs = ", ".join(f"`{name}`" for name in entry.needs)
    return f"| {entry.identity.label} | {entry.tier.offer} | {resets(entry)} | {key} | {needs} |"


def training_line(entry: Entry) -> str:
    """The line of a provider in the table of what they learn."""
    tier = entry.tier
    learns = "no" if not tier.trains else "it may" if tier.trains_by else "not known"
    address, _, rest = tier.trains_by.partition(" ")
    source = f"<{address}> {rest}" if address.startswith("https:") else tier.trains_by or "–"
    asked = "left out" if tier.trains else "asked"
    return f"| {entry.identity.label} | {learns} | {source} | {asked} |"


def limits_line(entry: Entry, row: FreeModel) -> str:
    """The line of a model in the table of limits; an account's limits count for all its models."""
    account = entry.tier.account
    own = row.limits if account.is_open else account
    by_day = "–" if own.units_per_day is None else f"{own.units_per_day:,.0f} {entry.tier.unit}"
    cells = (
        f"{entry.identity.label} `{row.model}`",
        number(own.per_minute),
        number(own.per_day),
        number(own.tokens_per_minute),
        by_day,
        ", ".join(ability for ability in ABILITIES if ability in row.abilities),
        row.verified_on + ("" if row.certain else ", uncertain"),
    )
    return f"| {' | '.join(cells)} |"


def variables_described() -> dict[str, str]:
    """The variables of `.env.example` with their values, commented out or not."""
    example = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$", example))


def repository_texts() -> Iterator[Path]:
    """The text files of the repository, without what tools leave behind."""
    for path in ROOT.rglob("*"):
        inside = path.relative_to(ROOT)
        hidden = any(part.startswith(".") for part in inside.parts[:-1])
        if not hidden and path.is_file() and (path.suffix in TEXTS or path.name == "Makefile"):
            yield path


def slug(heading: str) -> str:
    """The anchor that a Markdown heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_setting_stands_in_the_example_and_every_line_there_is_a_setting() -> None:
    assert set(variables_described()) == variables_read()


def test_the_example_shows_the_defaults_that_hold() -> None:
    described = variables_described()
    for name, field in Settings.model_fields.items():
        shown = described[name.upper()]
        if isinstance(field.default, str | int | float) and shown:
            default = int(field.default) if isinstance(field.default, bool) else field.default
            assert shown == str(default) or name == "provider_order", name
    for entry in CATALOGUE:
        assert described[f"{entry.prefix}_BASE_URL"] == entry.base_url
        ladder = ",".join(row.model for row in entry.tier.ladder)
        assert described[f"{entry.prefix}_MODEL"] == ladder


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.identity.name)
def test_the_page_of_the_providers_says_what_the_rows_say(entry: Entry) -> None:
    lines = (ROOT / "docs" / "PROVIDERS.md").read_text().splitlines()
    assert offer_line(entry) in lines
    assert training_line(entry) in lines
    for row in entry.tier.ladder:
        assert limits_line(entry, row) in lines


def test_the_page_of_the_providers_has_no_line_without_a_row() -> None:
    page = (ROOT / "docs" / "PROVIDERS.md").read_text()
    models = {limits_line(entry, row) for entry in CATALOGUE for row in entry.tier.ladder}
    assert set(re.findall(r"(?m)^\|.*\| 202\d-[^|]*\|$", page)) == models


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", target.read_text())
            assert anchor in map(slug, headings), link


@pytest.mark.parametrize("name", GUIDE_PAGES)
def test_the_pages_that_the_guide_names_exist(name: str) -> None:
    assert (ROOT / "docs" / f"{name}.md").is_file()


def test_the_readme_names_the_two_commands_on_its_first_screen() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
    assert "make run" in first_screen
    assert "make test" in first_screen


@pytest.mark.parametrize(
    "line",
    [
        "%s %s available for %s",
        "📡 Attempting %d provider(s) for %s",
        "🔄 Trying %s...",
        "✅ %s succeeded for %s",
        "✅ Cache hit for %s",
        "❌ %s failed: %s",
        "No LLM API keys configured",
        "All LLM providers failed: ",
        "Rate limited: ",
    ],
)
def test_the_router_says_what_people_search_their_logs_for(line: str) -> None:
    assert line in (ROOT / "router.py").read_text()


def test_the_providers_are_called_what_the_guide_calls_them() -> None:
    identities = [entry.identity for entry in CATALOGUE[:3]]
    assert [f"{who.mark} {who.announced_as}" for who in identities] == [
        "🔵 Google Gemini API",
        "🟢 OpenRouter API",
        "🟠 Cloudflare Workers AI",
    ]
    labels = [who.label for who in identities]
    assert labels == ["Google Gemini", "OpenRouter", "Cloudflare Workers AI"]


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (32, 'cache = ResponseCache(cache_dir=".cache", ttl_hours=24)'),
        (36, "rate_limiter = RateLimiter(min_interval_seconds=60)"),
    ],
)
def test_main_has_the_lines_that_the_guide_tells_people_to_edit(number: int, line: str) -> None:
    assert (ROOT / "main.py").read_text().splitlines()[number - 1] == line


def test_no_file_holds_a_home_path_or_the_host_of_a_package_registry() -> None:
    hosts = "|".join(re.escape(".".join(host)) for host in REGISTRIES)
    private = re.compile(rf"/(?:home|Users|root)/\w|{hosts}")
    holding = [path for path in repository_texts() if private.search(path.read_text("utf-8"))]
    assert holding == []
