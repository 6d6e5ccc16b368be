"""A run as a visitor sees it: failing over, waiting, stopped, reloaded, cut off, paused, refused."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sandbox.running import RunningSandbox
from tests.service import running_service
from tests.web.conftest import Opens, Visit, fill, finished, write


@pytest.fixture(autouse=True)
def _slowly(sandbox: RunningSandbox) -> Iterator[None]:
    """Slow enough to watch."""
    sandbox.latency_s = 0.15
    yield
    sandbox.latency_s = 0.0


def begin(
    page: Page, example: str = "Soil tests", kind: str = "Roadmap", *, sections: int = 1
) -> None:
    """Begin to write, and wait for the first sections; past the cache, since tests share one."""
    page.evaluate("document.getElementById('name').value += ` ${crypto.randomUUID()}`")
    fill(page, example, kind)
    page.get_by_label("Name", exact=True).fill(f"Venture {page.evaluate('crypto.randomUUID()')}")
    page.get_by_role("button", name="Write it", exact=True).click()
    page.locator(".part:not(.pending)").nth(sections - 1).wait_for()


def test_a_failover_is_seen_while_it_happens(page: Page, sandbox: RunningSandbox) -> None:
    """Who was asked, why that failed, and who wrote the section instead."""
    sandbox.fail("gemini", status=503)
    begin(page)
    log = page.get_by_role("tabpanel")
    expect(log).to_contain_text("Google Gemini is asked")
    expect(log).to_contain_text("Google Gemini did not answer: overloaded (503)")
    expect(page.locator(".part .tools").first).to_contain_text("OpenRouter")


def test_a_stopped_run_keeps_what_is_written_and_goes_on(page: Page) -> None:
    """With Stop, then with Go on."""
    begin(page, sections=2)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped. What is written is kept.").wait_for()
    assert page.locator(".part:not(.pending)").count() >= 2
    page.get_by_role("button", name="Go on").click()
    finished(page)
    assert page.locator(".part").count() == 15


def test_a_reload_finds_the_run_again(page: Page) -> None:
    """Where it is by then, and on to its end."""
    begin(page, sections=2)
    page.reload()
    page.locator(".part:not(.pending)").nth(1).wait_for()
    finished(page)
    assert page.locator(".part").count() == 15


def test_a_lost_connection_is_told_and_found_again(visit: Visit) -> None:
    """The run goes on meanwhile, and nothing is shown twice."""
    visit.expected = ["ERR_INTERNET_DISCONNECTED"]
    page = visit.open()
    begin(page)
    page.context.set_offline(True)
    page.get_by_text("You are offline. The run goes on").wait_for()
    page.context.set_offline(False)
    finished(page)
    assert page.locator(".part").count() == 15


def test_a_service_that_is_started_again_goes_on_by_itself(
    visits: Opens, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Nothing is written twice, and nobody has to click."""
    usual = {"MIN_INTERVAL_SECONDS": "0", "LOCAL_MODEL": "off", "CACHE_DIR": str(tmp_path / "kept")}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with running_service(tmp_path / "1", {**sandbox.env, **usual}, listener=listener) as first:
            visit = visits(first.url, anew=True)
            visit.expected = ["ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED_ENCODING", "503"]
            visit.page.clock.install()
            page = visit.open()
            begin(page, sections=2)
            first.process.terminate()
            first.process.wait()
        with running_service(tmp_path / "2", {**sandbox.env, **usual}, listener=listener):
            page.clock.fast_forward(60_000)  # whatever the page waits for is over
            page.get_by_text("Finished:").wait_for()
            expect(page.get_by_text("Finished:")).to_contain_text("kept from before")
            assert page.locator(".part").count() == 15
            page.goto("about:blank")


def test_the_back_button_leads_to_the_idea_while_the_run_goes_on(page: Page) -> None:
    """And the list of documents leads back to it."""
    begin(page)
    page.go_back()
    expect(page.get_by_role("heading", name="The idea")).to_be_visible()
    expect(page.locator(".history li").first).to_contain_text("being written")
    page.go_forward()
    finished(page)


def test_a_run_that_waits_counts_down(
    visits: Opens, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """And the form said before how long it would take, and what would make it quicker."""
    settings = {"MIN_INTERVAL_SECONDS": "30", "GEMINI_MODEL": "gemini-3.5-flash-lite"}
    keys = {n: v for n, v in sandbox.env.items() if not n.startswith(("OPENROUTER", "CLOUDFLARE"))}
    with running_service(tmp_path / "paced", {**keys, **settings, "LOCAL_MODEL": "off"}) as paced:
        page = visits(paced.url).open()
        fill(page, kind="Roadmap")
        expect(page.locator("#outlook")).to_contain_text("one call in 30 s to each of 1 provider")
        expect(page.locator("#outlook")).to_contain_text("PACING=quota")
        expect(page.locator("#outlook")).to_contain_text("a key of one more provider")
        page.get_by_role("button", name="Write it", exact=True).click()
        page.get_by_text("Waiting for the next free call").wait_for()
        expect(page.locator("count-down")).to_have_text(re.compile(r"^\d\d? s$"))
        assert page.locator("count-down").get_attribute("role") == "timer"
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped.").wait_for()


def test_a_day_that_is_used_up_pauses_the_run_and_says_until_when(
    visits: Opens, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Nothing that was written is lost."""
    settings = {"GEMINI_MODEL": "gemini-3.5-flash-lite", "MIN_INTERVAL_SECONDS": "0"}
    with running_service(tmp_path / "spent", {**sandbox.env, **settings}) as spent:
        sandbox.fail("gemini", error="daily_quota")
        sandbox.fail("openrouter", error="daily_quota")
        sandbox.fail("cloudflare", error="neurons_4006")
        said = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
        assert spent.post("/v1/chat/completions", said).status_code == 503
        page = visits(spent.url).open()
        fill(page, kind="Roadmap")
        page.get_by_role("button", name="Write it", exact=True).click()
        page.get_by_text("Today's calls are used up. What is written is kept.").wait_for()
        expect(page.locator("count-down.resumes")).to_have_text(re.compile(r"\d+ (h|min)"))
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        page.get_by_role("button", name="Back to the idea").click()
        expect(page.locator("#outlook")).to_contain_text("More than is left today")


def test_a_refusal_is_told_and_can_be_tried_again(page: Page, sandbox: RunningSandbox) -> None:
    """In words, with the way on."""
    sandbox.fail("gemini", blocked=True)
    fill(page, "Surplus kitchens", "Pitch")
    page.get_by_role("button", name="Write it", exact=True).click()
    page.get_by_text("It could not be finished:").wait_for()
    sandbox.heal()
    page.get_by_role("button", name="Try again").click()
    finished(page)


def test_a_document_that_the_service_has_forgotten_is_shown_from_the_browser(
    visit: Visit,
) -> None:
    """It stays readable; only its files cannot be made any more."""
    visit.expected = ["404"]
    page = visit.open()
    write(page, kind="Pitch")
    words = page.locator("#part-pitch .section").inner_text()
    page.route("**/runs/**", lambda route: route.fulfill(status=404, json={"detail": "gone"}))
    page.reload()
    expect(page.locator("#part-pitch .section")).to_have_text(words, use_inner_text=True)
    page.get_by_role("button", name="PDF").click()
    expect(page.get_by_role("alert")).to_contain_text("Write it again to have it as a file")


def test_an_unknown_run_is_told_plainly(visit: Visit) -> None:
    """With the way back."""
    visit.expected = ["404"]
    page = visit.open(f"/?run={'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text("does not know this document")
    page.get_by_role("button", name="Back to the idea").click()
    expect(page.get_by_role("heading", name="The idea")).to_be_visible()
