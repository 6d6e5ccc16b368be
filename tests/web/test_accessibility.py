"""axe-core finds nothing serious or critical on any page, in any state, light or dark, wide or narrow."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from sandbox.running import RunningSandbox
from tests.service import RunningService, running_service
from tests.web.conftest import Opens, Settings, fill, finished, write

LOOKS = [pytest.param("light", 1280, marks=pytest.mark.slow), ("dark", 320)]
SCHEMES = [pytest.param("light", marks=pytest.mark.slow), "dark"]


@pytest.fixture(scope="module")
def settings(sandbox: RunningSandbox) -> Settings:
    """A demo, so that its panel is looked at, too."""
    return {"SANDBOX_URL": sandbox.url, "GEMINI_MODEL": "gemini-3.5-flash-lite"}


def violations(page: Page, within: str | None = None) -> list[tuple[str, str, Any]]:
    """What is serious or critical: the rule, and the first elements."""
    found = Axe().run(page, context=within).response["violations"]
    return [
        (each["id"], each["help"], [node["html"][:160] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_studio(visits: Opens, scheme: Any, width: int) -> None:
    """Empty, filled, while it writes, finished, with its tabs, a source, an edit and a comparison."""
    page = visits(color_scheme=scheme, width=width).open()
    page.locator("#outlook p").wait_for()
    assert violations(page) == []
    fill(page, kind="Grants")
    page.get_by_text("Details", exact=True).click()
    assert violations(page) == []
    page.get_by_role("button", name="Write it", exact=True).click()
    page.locator(".part").first.wait_for()
    assert violations(page) == []
    finished(page)
    assert violations(page) == []
    for tab in ("Log", "Sources", "Figures", "Versions"):
        page.get_by_role("tab", name=tab).click()
        assert violations(page, ".panel") == []
    page.locator("button.mark").first.click()
    assert violations(page, "#source") == []
    page.keyboard.press("Escape")
    page.locator("#part-preparation").get_by_role("button", name="Edit").click()
    assert violations(page, "#part-preparation") == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_tables_and_charts_of_a_plan(visits: Opens, scheme: Any) -> None:
    """Its schedule, its finances, its goals."""
    page = visits(color_scheme=scheme).open()
    write(page, kind="Roadmap")
    for part in ("milestones", "sdg", "finances"):
        assert violations(page, f"#part-{part}") == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_pitch_and_the_history(visits: Opens, scheme: Any, width: int) -> None:
    """With the sound, and with the list of documents."""
    page = visits(color_scheme=scheme, width=width).open()
    write(page)
    page.get_by_role("button", name="Speak it").click()
    page.locator("audio").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Back to the idea").click()
    page.locator(".history li").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_status_playground_and_description(
    visits: Opens, sandbox: RunningSandbox, scheme: Any, width: int
) -> None:
    """With failures on them."""
    visit = visits(color_scheme=scheme, width=width)
    visit.expected = ["503"]
    page = visit.open("/playground")
    for provider in ("gemini", "openrouter", "cloudflare"):
        sandbox.fail(provider, status=503)
    page.get_by_label("Your message").fill(f"Is anybody there? {scheme} {width}")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert violations(page) == []
    visit.open("/status")
    page.locator("#feed tr td.way").first.wait_for()
    page.get_by_role("region", name="Break a provider").wait_for()
    assert violations(page) == []
    visit.open("/docs")
    page.locator(".opblock").first.wait_for()
    assert violations(page) == []


@pytest.fixture(scope="module")
def asking(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service that asks for a key."""
    keys = {"TRIMARAN_API_KEYS": "a-key-for-the-tests-of-pages", "LOCAL_MODEL": "off"}
    with running_service(tmp_path_factory.mktemp("asking"), {**sandbox.env, **keys}) as running:
        yield running


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service without any provider."""
    with running_service(tmp_path_factory.mktemp("bare"), {"LOCAL_MODEL": "auto"}) as running:
        yield running


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_question_for_a_key(visits: Opens, asking: RunningService, scheme: Any) -> None:
    """And the form without one."""
    visit = visits(asking.url, color_scheme=scheme)
    visit.expected = ["401"]
    page = visit.open()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Not now").click()
    page.get_by_text("This service asks for an API key.").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_service_without_providers(visits: Opens, bare: RunningService, scheme: Any) -> None:
    """Its banner, its status, and a run that it does not know."""
    visit = visits(bare.url, color_scheme=scheme)
    visit.expected = ["404"]
    page = visit.open()
    page.get_by_text("Get a free key in two minutes").click()
    assert violations(page) == []
    visit.open("/status")
    page.get_by_text("No provider is configured").wait_for()
    assert violations(page) == []
    visit.open(f"/?run={'0' * 32}")
    page.get_by_role("alert").wait_for()
    assert violations(page) == []
