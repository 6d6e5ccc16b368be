"""What a visitor meets at the door: no key at the service, a key asked for, limits, and no service at all."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sandbox.running import RunningSandbox
from tests.service import running_service
from tests.web.conftest import Opens, Settings, fill

KEY = "a-key-for-the-tests-of-pages"


@pytest.fixture(scope="module")
def settings() -> Settings:
    """A service that asks for a key, and has a small limit."""
    return {"TRIMARAN_API_KEYS": KEY, "API_KEY_REQUESTS_PER_MINUTE": "2"}


def test_a_first_visitor_without_keys_is_told_so_and_gets_a_draft(
    visits: Opens, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Who drafts, what that is worth, and how to get a free key in two minutes."""
    stand_in = {"SEARCH_URL": sandbox.env["SEARCH_URL"]}
    with running_service(tmp_path / "bare", {"LOCAL_MODEL": "auto", **stand_in}) as bare:
        page = visits(bare.url).open()
        banner = page.get_by_role("region", name="No key yet: documents are drafts")
        expect(banner).to_contain_text("smollm2-135m-instruct")
        banner.get_by_text("Get a free key in two minutes").click()
        expect(banner.get_by_role("link", name="Google AI Studio")).to_be_visible()
        expect(banner).to_contain_text("GEMINI_API_KEY")
        fill(page, kind="Pitch")
        expect(page.locator("#outlook")).to_contain_text("no key")
        page.get_by_role("button", name="Write it", exact=True).click()
        page.get_by_text("Finished:").wait_for()
        expect(page.locator(".paper .draft")).to_have_text("Draft")
        expect(page.locator("#part-pitch").get_by_role("button", name="Rewrite")).to_have_count(0)
        page.goto(f"{bare.url}/status")
        expect(page.get_by_role("heading", name="No provider is configured")).to_be_visible()
        page.goto("about:blank")


def test_a_key_is_asked_for_refused_and_accepted(visits: Opens) -> None:
    """Once on the way in; a wrong one is told, and the right one is remembered if wanted."""
    visit = visits()
    visit.expected = ["401"]
    page = visit.open()
    dialog = page.get_by_role("dialog", name="This service asks for an API key")
    dialog.get_by_role("textbox").fill("wrong")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("alert")).to_have_text("The key was not accepted.")
    dialog.get_by_role("textbox").fill(KEY)
    dialog.get_by_role("checkbox", name="Remember it in this browser").check()
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_have_count(0)
    fill(page)
    page.goto(f"{visit.url}/status")
    expect(page.get_by_role("heading", name="Google Gemini")).to_be_visible()
    page.goto(f"{visit.url}/playground")
    expect(page.get_by_label("Model", exact=True)).to_contain_text("gemini-3.8-flash")
    assert KEY not in page.locator("#code").inner_text()


def test_who_has_no_key_can_look_around_and_is_asked_again_only_by_a_button(visits: Opens) -> None:
    """The form is there, and says what is missing."""
    visit = visits()
    visit.expected = ["401"]
    page = visit.open()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Not now").click()
    expect(page.get_by_text("This service asks for an API key.")).to_be_visible()
    page.get_by_role("button", name="Soil tests").click()
    expect(page.locator("#outlook")).to_contain_text("when there is an API key")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Write it", exact=True).click()
    expect(dialog).to_be_visible()


def test_a_limit_counts_down_before_it_lets_one_try_again(visits: Opens) -> None:
    """The button waits with the visitor."""
    visit = visits()
    visit.expected = ["401", "429"]
    page = visit.open()
    page.get_by_role("textbox", name="API key").fill(KEY)
    page.get_by_role("button", name="Continue").click()
    for _ in range(3):
        page.request.post(
            f"{visit.url}/speech", headers={"Authorization": f"Bearer {KEY}"}, data={}
        )
    page.get_by_role("button", name="Surplus kitchens").click()
    page.get_by_role("button", name="Write it", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The limit of this API key is reached")
    expect(alert.locator("count-down")).to_have_text(re.compile(r"^\d+ s$"))
    expect(alert.get_by_role("button", name="Try again")).to_be_disabled()


def test_without_a_service_the_form_still_works_and_says_so(visits: Opens) -> None:
    """What is typed is kept."""
    visit = visits()
    visit.expected = ["401", "ERR_FAILED", "net::"]
    visit.page.route(re.compile(r"/(status|readyz|documents.*)$"), lambda route: route.abort())
    page = visit.open()
    expect(page.get_by_text("The service cannot be reached. What you type is kept")).to_be_visible()
    page.get_by_label("Mission").fill("Kept in any case")
    expect(page.locator("#outlook")).to_contain_text("The service cannot be reached.")
    page.get_by_role("button", name="Write it", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached.")
    page.reload()
    expect(page.get_by_label("Mission")).to_have_value("Kept in any case")
