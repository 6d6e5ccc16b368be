"""The status page: failovers as they happen, countdowns, and the panel that breaks a demo's stand-ins."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from sandbox.running import RunningSandbox
from tests.service import RunningService
from tests.web.conftest import Opens, Settings, Visit

HELLO = {"model": "auto", "messages": [{"role": "user", "content": "Say hello."}]}


@pytest.fixture(scope="module")
def settings(sandbox: RunningSandbox) -> Settings:
    """A demo, with one model of Gemini."""
    return {"SANDBOX_URL": sandbox.url, "GEMINI_MODEL": "gemini-3.5-flash-lite"}


def test_one_breaks_a_provider_and_watches_requests_go_around_it(visit: Visit) -> None:
    """The demo: no reload, no word of JSON."""
    page = visit.open("/status")
    page.get_by_role("combobox", name="Google Gemini").select_option("outage")
    panel = page.get_by_role("region", name="Break a provider")
    expect(panel.get_by_role("status")).to_contain_text("Google Gemini is broken now")
    panel.get_by_role("button", name="Send a request").click()
    row = page.locator("#feed tr").first
    expect(row).to_contain_text("Google Gemini")
    expect(row).to_contain_text("overloaded (503)")
    expect(row.locator(".hop").last).to_contain_text("OpenRouter")
    expect(panel.get_by_role("status")).to_have_text("Answered.")

    page.reload()
    expect(page.get_by_role("combobox", name="Google Gemini")).to_have_value("outage")
    page.get_by_role("combobox", name="Google Gemini").select_option("well")
    expect(panel.get_by_role("status")).to_contain_text("well again")
    page.get_by_role("button", name="Send ten").click()
    expect(panel.get_by_role("status")).to_have_text("All 10 were answered.")


def test_a_cooldown_counts_down_and_its_reason_stands_in_words(
    visit: Visit, service: RunningService, sandbox: RunningSandbox
) -> None:
    """Why, since when, and when the provider is asked again."""
    sandbox.fail("openrouter", error="minute_quota")
    asked = {**HELLO, "model": "openrouter/openrouter/free"}
    service.post("/v1/chat/completions", asked, headers={"Cache-Control": "no-store"})
    page = visit.open("/status")
    card = page.get_by_role("article", name="OpenRouter")
    expect(card).to_contain_text("rate limit reached; free in")
    expect(card).to_contain_text("Last error")
    before = card.locator(".model .number").first.inner_text()
    expect(card.locator(".model .number").first).not_to_have_text(before)
    expect(card).to_contain_text("0 of 1 ready")


def test_a_refresh_is_one_small_request_and_the_feed_is_one_connection(visits: Opens) -> None:
    """However many rows there are."""
    visit = visits(anew=True)
    asked: list[Any] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.clock.install()
    page = visit.open("/status")
    page.locator(".provider").first.wait_for()
    asked.clear()
    with page.expect_response(re.compile(r"/status\?after=")) as answered:
        page.clock.fast_forward(5_000)
    assert len([url for url in asked if "/status" in url]) == 1
    assert len(answered.value.body()) < 12_000


def test_the_same_address_is_json_for_programs(service: RunningService) -> None:
    """And a page for who asks for HTML."""
    assert service.get("/status").json()["demo"] is True
    shown = service.get("/status", headers={"Accept": "text/html"})
    assert "<title>Status · Trimaran</title>" in shown.text


def test_what_is_lost_is_told_and_comes_back(visits: Opens) -> None:
    """The last state stays, with its age."""
    visit = visits(anew=True)
    visit.expected = ["ERR_INTERNET_DISCONNECTED"]
    visit.page.clock.install()
    page = visit.open("/status")
    page.locator(".provider").first.wait_for()
    page.context.set_offline(True)
    page.clock.fast_forward(5_000)
    expect(page.get_by_role("alert")).to_contain_text("You are offline.")
    expect(page.locator("#updated")).to_contain_text("Not up to date")
    page.context.set_offline(False)
    page.clock.fast_forward(5_000)
    expect(page.locator("#updated")).to_contain_text("As of")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_nothing_jumps_while_the_page_loads_and_requests_arrive(visit: Visit) -> None:
    """What the first answer fills is not seen before, and the feed has its place from the beginning."""
    page = visit.open("/status")
    page.get_by_role("button", name="Send ten").click()
    expect(page.get_by_role("status").filter(has_text="were answered")).to_be_visible()
    assert page.evaluate("shifts.reduce((sum, one) => sum + one, 0)") < 0.1
