"""The studio from the empty form to the files that are taken home: one founder's way through it."""

import re
from typing import Any

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from sandbox.running import RunningSandbox
from tests.web.conftest import Visit, fill, finished, write


def download(page: Page, name: str) -> Any:
    """The file that a button of that name saves."""
    with page.expect_download() as saved:
        page.get_by_role("button", name=name, exact=True).click()
    return saved.value


def test_from_an_empty_form_to_a_plan_that_is_taken_home(visit: Visit) -> None:
    """Typed, watched as it is written, checked, and saved in every form."""
    page = visit.open()
    expect(page.get_by_role("button", name="Write it", exact=True)).to_be_disabled()
    page.get_by_label("Name", exact=True).fill("Kisima Springs")
    page.get_by_label("Mission").fill("Bring clean water to villages that no pipe reaches")
    page.get_by_label("The place").fill("Turkana, Kenya")
    page.get_by_label("Goal 1", exact=True).fill("Install filters")
    page.get_by_role("checkbox", name="Clean Water and Sanitation").check()

    gaps = page.get_by_role("region", name="Worth adding")
    expect(gaps).to_contain_text("A number in goal 1")
    gaps.get_by_role("button", name="A number in goal 1").click()
    expect(page.get_by_label("Goal 1", exact=True)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(": 100 of them by 2029")
    expect(gaps).not_to_contain_text("A number in goal 1")

    expect(page.locator("#outlook")).to_contain_text("Left today")
    assert re.search(r"Calls\s*1\d", page.locator("#outlook").inner_text())
    page.get_by_role("button", name="Write it", exact=True).click()
    page.wait_for_url(re.compile(r"\?run=[0-9a-f]{32}$"))
    expect(page.locator("#run-title")).to_be_focused()
    finished(page)
    assert page.locator(".part").count() == 15
    expect(page.locator("#part-problem .tools")).to_contain_text("Google Gemini")
    assert page.locator("#part-finances svg.drawing").count() >= 1
    expect(page.locator(".score")).to_contain_text("of 100")

    pdf = download(page, "PDF")
    assert pdf.suggested_filename == "Kisima Springs - roadmap.pdf"
    assert "Kisima Springs" in PdfReader(pdf.path()).pages[0].extract_text()
    assert download(page, "Word").path().read_bytes()[:2] == b"PK"
    assert "# " in download(page, "Markdown").path().read_text()
    assert '"findings"' in download(page, "JSON").path().read_text()
    assert "BEGIN:VEVENT" in download(page, "Calendar").path().read_text()


def test_a_source_is_one_click_from_its_sentence(page: Page) -> None:
    """With its title, what stands there, how far it is trusted, and the way to it."""
    write(page, kind="Grants")
    page.get_by_role("button", name=re.compile(r"^Source S\d+")).first.click()
    card = page.get_by_role("dialog", name="Source")
    expect(card.get_by_role("link")).to_have_attribute("href", re.compile("^https?://"))
    expect(card.get_by_role("link")).to_be_focused()
    expect(card.locator("blockquote")).not_to_be_empty()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.get_by_role("tab", name=re.compile("Sources")).click()
    expect(page.get_by_role("tabpanel")).to_contain_text("cited")


def test_a_finding_leads_to_its_sentence(page: Page) -> None:
    """And marks it there."""
    write(page, kind="Roadmap")
    finding = page.locator(".findings button:has(q)").first
    words = finding.locator("q").inner_text()
    finding.click()
    marked = page.evaluate("[...CSS.highlights.get('found')].map(String).join()")
    assert re.sub(r"\W", "", marked).lower() in re.sub(r"\W", "", words).lower()


def test_a_section_is_edited_rewritten_compared_and_had_back(page: Page) -> None:
    """Each change is a version of its own."""
    write(page, kind="Grants")
    part = page.locator("#part-preparation")
    before = part.locator(".section").inner_text()
    part.get_by_role("button", name="Edit").click()
    part.get_by_role("textbox").fill("Ask the **county** first.\n\n- Then the bank")
    part.get_by_role("button", name="Save").click()
    expect(part.locator("strong", has_text="county")).to_be_visible()
    expect(part.locator(".tools")).to_contain_text("your own words")

    part.get_by_role("button", name="Rewrite").click()
    part.get_by_role("button", name="Shorter.").click()
    part.get_by_role("button", name="Rewrite", exact=True).click()
    part.get_by_text("What has changed").click()
    expect(part.locator(".diff del").first).to_be_visible()

    page.get_by_role("tab", name="Versions").click()
    expect(page.locator(".versions li")).to_have_count(3)
    page.get_by_role("button", name="Compare: version 1").click()
    comparing = page.get_by_role("dialog")
    expect(comparing.locator("ins").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show: version 1").click()
    expect(part.locator(".section")).to_have_text(before, use_inner_text=True)
    page.reload()
    finished(page)
    expect(page.locator("#part-preparation .section")).to_have_text(before, use_inner_text=True)


def test_the_pitch_is_spoken_with_captions_that_follow_it(page: Page) -> None:
    """In the length that was chosen, by a voice that was chosen."""
    write(page, kind="Pitch")
    page.get_by_label("Length", exact=True).select_option("45")
    page.get_by_label("Voice").select_option(label="Sarah")
    page.get_by_role("button", name="Speak it").click()
    sound = page.locator("audio")
    sound.wait_for()
    expect(page.locator(".player")).to_contain_text("Sarah")
    sound.evaluate("(audio) => audio.play()")
    expect(page.locator(".caption")).not_to_be_empty()
    assert abs(sound.evaluate("(audio) => audio.duration") - 45) < 5
    sound.evaluate("(audio) => audio.pause()")
    with page.expect_download() as saved:
        page.get_by_role("button", name="captions (VTT)").click()
    assert saved.value.path().read_text().startswith("WEBVTT")


def test_an_open_question_leads_back_to_the_field_that_answers_it(page: Page) -> None:
    """With the idea of that document in the form."""
    write(page, example="Clean water", kind="Pitch")
    page.get_by_role("tab", name="Figures").click()
    page.get_by_role("tabpanel").get_by_text("Data needed").click()
    page.get_by_role("button", name=re.compile("Answer: Price of one unit")).click()
    expect(page.get_by_label("Price of one unit")).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Clean Water Initiative")


def test_what_is_typed_is_there_after_a_reload_and_what_was_replaced_comes_back(page: Page) -> None:
    """Nothing that somebody wrote is lost by a click."""
    page.get_by_label("Mission").fill("Half a thought")
    page.reload()
    expect(page.get_by_label("Mission")).to_have_value("Half a thought")
    page.get_by_role("button", name="Soil tests").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Udongo Hai")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Mission")).to_have_value("Half a thought")


def test_documents_are_kept_opened_and_deleted(page: Page) -> None:
    """In this browser; a deleted one can be had back."""
    write(page, kind="Pitch")
    page.get_by_role("button", name="Back to the idea").click()
    row = page.locator(".history li")
    expect(row).to_contain_text("finished")
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    row.get_by_role("link").click()
    finished(page)
    page.go_back()
    expect(row).to_have_count(1)


def test_writing_it_anew_asks_past_the_cache(page: Page, sandbox: RunningSandbox) -> None:
    """While asking for the same again costs nothing."""
    write(page, kind="Pitch")
    page.go_back()
    calls = len(sandbox.log)
    expect(page.locator("#outlook")).to_contain_text("kept from before")
    page.get_by_role("button", name="Write it", exact=True).click()
    finished(page)
    generated = [call for call in sandbox.log[calls:] if "generate" in call.path.lower()]
    assert generated == []
    first = page.url
    page.get_by_role("button", name="Write it anew").click()
    page.wait_for_function("(before) => location.href !== before", arg=first)
    finished(page)
    assert [call for call in sandbox.log[calls:] if "generate" in call.path.lower()]


def test_the_studio_fits_a_small_phone(visits: Any) -> None:
    """Nothing sticks out, neither of the form nor of a document with wide tables."""
    page = visits(width=320, height=700).open()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    write(page, kind="Roadmap")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.get_by_text("Contents", exact=True).click()
    page.get_by_role("link", name="Three-year finances").click()
    expect(page.locator("#part-finances h2")).to_be_in_viewport()


def test_an_arabic_document_reads_from_right_to_left_in_an_english_page(page: Page) -> None:
    """Its sections, its contents and its schedule, but not the buttons."""
    write(page, example="Solar repair", kind="Grants")
    section = page.locator("#part-preparation .section")
    expect(section).to_have_attribute("dir", "rtl")
    expect(section).to_have_attribute("lang", "ar")
    assert page.locator(".contents ol").get_attribute("dir") == "rtl"
    assert page.evaluate("getComputedStyle(document.querySelector('.tools')).direction") == "ltr"


def test_an_idea_is_written_by_keyboard_alone(page: Page) -> None:
    """From the first field to the saved file, never touching a mouse."""
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    def tab_to(name: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(document.activeElement.labels?.[0] ?? document.activeElement).innerText"
            )
            if re.search(rf"^(\d+\s+)?{name}", focused.strip()):
                return
        raise AssertionError(f"no way leads to {name}")

    tab_to("Name")
    page.keyboard.type("Kisima Springs")
    tab_to("Mission")
    page.keyboard.type("Bring clean water to villages that no pipe reaches")
    tab_to("Goal 1")
    page.keyboard.type("Install 100 filters")
    page.keyboard.press("Enter")
    page.keyboard.type("Train 20 people")
    expect(page.get_by_label("Goal 2", exact=True)).to_have_value("Train 20 people")
    tab_to("No Poverty")
    page.keyboard.press("Space")
    tab_to("Roadmap")
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Pitch")).to_be_checked()
    tab_to("Write it")
    page.keyboard.press("Enter")
    finished(page)
    tab_to("PDF")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename.endswith(".pdf")


def test_the_first_view_is_small_and_nothing_jumps(visit: Visit) -> None:
    """Under 100 kB over the wire with all its modules; every key answers within a tenth of a second."""
    page = visit.open()
    page.locator("#outlook").wait_for()
    sent = page.evaluate(
        """[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
           .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    assert 10_000 < sent < 100_000
    fill(page, kind="Roadmap")
    page.get_by_label("Mission").press_sequentially("And one more sentence for the mission.")
    page.get_by_role("button", name="Write it", exact=True).click()
    finished(page)
    assert page.evaluate("shifts.reduce((sum, one) => sum + one, 0)") < 0.1
    slow = page.evaluate("slow")
    assert [event for event in slow if event[1] > 100] == []


def test_a_field_that_cannot_be_read_is_named_and_led_to(visit: Visit) -> None:
    """In the service's own words."""
    visit.expected = ["422"]
    page = visit.open()
    page.get_by_label("Name", exact=True).fill("Kisima")
    page.get_by_text("Details", exact=True).click()
    page.get_by_label("Start of the plan").fill("1999-01-01")
    expect(page.locator("#outlook")).to_contain_text("Something in the form cannot be read")
    page.get_by_role("button", name="Write it", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("startDate has to lie between")
    expect(page.get_by_label("Start of the plan")).to_be_focused()
