"""The playground: a chat by keyboard, with what each answer says about itself, and errors that count down."""

import re

from playwright.sync_api import expect

from sandbox.running import RunningSandbox
from tests.web.conftest import Visit


def test_a_chat_shows_for_each_answer_who_gave_it(visit: Visit, sandbox: RunningSandbox) -> None:
    """Who was asked before, from the cache or not, and how long it took; all by keyboard."""
    sandbox.fail("gemini", times=1, status=503)
    page = visit.open("/playground")
    page.get_by_label("Your message").focus()
    page.keyboard.type("Name a use of an old sail.")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Be brief.")
    page.keyboard.press("Enter")
    answer = page.locator(".turn.assistant").last
    expect(answer.locator(".facts-line")).to_contain_text("cache miss")
    expect(answer).to_contain_text("gemini ✗")
    expect(answer).to_contain_text("took")
    expect(page.locator("#said")).to_contain_text("Answer of")
    expect(page.get_by_label("Your message")).to_be_focused()


def test_the_same_question_comes_from_the_cache_unless_one_asks_past_it(visit: Visit) -> None:
    """And the answer says so."""
    page = visit.open("/playground")
    for past_it, cache in ((False, "miss"), (False, "hit"), (True, "miss")):
        page.get_by_role("button", name="Begin anew").click()
        page.get_by_label("Ask past the cache").set_checked(past_it)
        page.get_by_label("Your message").fill("What is a trimaran?")
        page.keyboard.press("Enter")
        expect(page.locator(".facts-line")).to_contain_text(f"cache {cache}")


def test_the_snippets_say_what_was_asked(visit: Visit) -> None:
    """In curl and in Python; arrow keys go from one to the other."""
    page = visit.open("/playground")
    page.get_by_label("Your message").fill('It\'s a "test"')
    code = page.get_by_role("tabpanel")
    expect(code).to_contain_text("It'\\''s a \\\"test\\\"")
    page.get_by_role("tab", name="curl").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Python")).to_be_focused()
    expect(code).to_contain_text("from openai import OpenAI")
    page.get_by_label("Stream the answer").uncheck()
    expect(code).not_to_contain_text("stream=True")


def test_nobody_answering_is_told_with_a_countdown(visit: Visit, sandbox: RunningSandbox) -> None:
    """And the words that were typed are there again, to be sent once more."""
    visit.expected = ["503"]
    for provider in ("gemini", "openrouter", "cloudflare"):
        sandbox.fail(provider, status=503)
    page = visit.open("/playground")
    page.get_by_label("Your message").fill("Is anybody there?")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("All LLM providers failed")
    expect(alert.locator("count-down")).to_have_text(re.compile(r"\d+ s|now"))
    expect(page.get_by_label("Your message")).to_have_value("Is anybody there?")
    sandbox.heal()


def test_an_answer_is_stopped_and_says_that_it_is_not_whole(
    visit: Visit, sandbox: RunningSandbox
) -> None:
    """What has come stays."""
    sandbox.fail("gemini", chunk_delay_s=1.0, times=1)
    page = visit.open("/playground")
    page.get_by_label("Your message").fill("Tell me a long story, slowly.")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".turn.assistant .notice")).to_contain_text("Stopped.")
