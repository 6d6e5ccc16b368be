"""Hostile text in every field, from every source: it is shown as text, and nothing of it ever runs."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from sandbox.running import RunningSandbox
from tests.web.conftest import Visit, fill, finished

CORPUS = (
    "<script>globalThis.pwned=1</script>",
    "<img src=x onerror=globalThis.pwned=1>",
    '"><svg/onload=globalThis.pwned=1>',
    "'-globalThis.pwned=1-'",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "[click](javascript:globalThis.pwned=1)",
    '![x](x" onerror="globalThis.pwned=1)',
    "<a href=javascript:globalThis.pwned=1>x</a>",
    '<math><mi//xlink:href="data:x,<script>globalThis.pwned=1</script>">',
    "{{constructor.constructor('globalThis.pwned=1')()}}",
    "</textarea></title></style><script>globalThis.pwned=1</script>",
    "<template><script>globalThis.pwned=1</script></template>",
    "\u202e<b onmouseover=globalThis.pwned=1>right to left\u202c",
    "<form><button formaction=javascript:globalThis.pwned=1>x</button></form>",
    "<style>*{background:url(javascript:globalThis.pwned=1)}</style>",
    "<base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
    "<details open ontoggle=globalThis.pwned=1>",
    "<object data=javascript:globalThis.pwned=1></object><embed src=x>",
)
ALL = " ".join(CORPUS)
# What the browser says when it reads such HTML, and does nothing of what it asks for.
BLOCKED = ["Content Security Policy", "policy:", "Trusted"]


def nothing_ran(page: Page) -> None:
    """No script of the corpus, no element and no attribute of it, and no address that runs something."""
    found = page.evaluate(
        """() => ({
          ran: globalThis.pwned ?? null,
          elements: document.querySelectorAll(
            'img, iframe, object, embed, base, math, template, meta[http-equiv], style, body script').length,
          handlers: [...document.querySelectorAll('*:not(#source)')]
            .flatMap((e) => [...e.attributes]).filter((a) => /^on|^style$|srcdoc|formaction/i.test(a.name)).length,
          addresses: [...document.querySelectorAll('[href], [src]')]
            .map((e) => e.getAttribute('href') || e.getAttribute('src'))
            .filter((a) => /^\\s*(javascript|data:text|vbscript)/i.test(a)),
        })"""
    )
    assert found == {"ran": None, "elements": 0, "handlers": 0, "addresses": []}


def fill_all(page: Page, text: str) -> None:
    """The same text into every field of the form."""
    page.get_by_text("Details", exact=True).click()
    for name in ("name", "mission", "product", "people", "place", "size", "call"):
        page.locator(f"#{name}").fill(text)
    page.get_by_label("Goal 1", exact=True).fill(text)
    page.get_by_label("Role 1", exact=True).fill(text[:190])
    page.get_by_label("Name of role 1", exact=True).fill(text[:190])


@pytest.mark.parametrize(
    "kind", ["Roadmap", pytest.param("Investors and funders", marks=pytest.mark.slow)]
)
def test_hostile_words_of_a_founder_stay_words(visit: Visit, kind: str) -> None:
    """In the form, in the document, in its title, in the history."""
    page = visit.open()
    fill_all(page, ALL)
    page.get_by_role("radio", name=kind).check()
    page.get_by_role("button", name="Write it", exact=True).click()
    finished(page)
    nothing_ran(page)
    expect(page.locator(".paper-head")).to_contain_text("globalThis.pwned=1")
    for tab in ("Sources", "Figures", "Versions", "Log"):
        page.get_by_role("tab", name=re.compile(tab)).click()
    nothing_ran(page)
    page.get_by_role("button", name="Back to the idea").click()
    page.locator(".history li").wait_for()
    nothing_ran(page)
    page.reload()
    page.locator(".history li").wait_for()
    nothing_ran(page)


def test_hostile_words_of_a_model_stay_words(visit: Visit, sandbox: RunningSandbox) -> None:
    """As a section, and as a section written again."""
    prose = " ".join(f"We say {each} to whoever asks." for each in CORPUS)
    sandbox.reply("gemini", prose, times=None)
    page = visit.open()
    page.get_by_role("button", name="Surplus kitchens").click()
    page.get_by_role("radio", name="Grants").check()
    page.get_by_role("button", name="Write it", exact=True).click()
    finished(page)
    nothing_ran(page)
    part = page.locator("#part-preparation")
    part.get_by_role("button", name="Edit").click()
    part.get_by_role("textbox").fill(ALL)
    part.get_by_role("button", name="Save").click()
    expect(part.locator(".section")).to_contain_text("globalThis.pwned=1")
    nothing_ran(page)
    part.get_by_text("What has changed").click()
    nothing_ran(page)


def test_hostile_sources_and_errors_stay_words(visit: Visit) -> None:
    """Titles, snippets and addresses of pages that somebody else wrote, and what a proxy may answer."""
    references = [
        {
            "mark": f"S{number}",
            "title": text,
            "url": text if number % 2 else "javascript:globalThis.pwned=1",
            "snippet": text,
            "fetched_at": text,
            "tier": text,
        }
        for number, text in enumerate(CORPUS, start=1)
    ]
    outline = {
        **dict.fromkeys(("venture", "title", "subtitle"), ALL),
        "language": "en",
        "is_draft": False,
        "notices": [ALL],
        "sections": [{"id": "problem", "title": ALL, "is_written": True}],
        "references": references,
    }
    section = {
        "id": "problem",
        "title": ALL,
        "author": "model",
        "words": 3,
        "provider": ALL,
        "model": ALL,
        "kept": False,
        "markdown": ALL,
        "html": f'<section class="section"><h2>x</h2><p><a class="mark" href="#S1">[S1]</a> {ALL}</p>',
    }
    finding = {"check": ALL, "severity": "error", "section": "problem", "sentence": ALL}
    events = [
        ("outline", outline),
        ("stage", {"stage": "failover", "provider": ALL, "reason": ALL}),
        ("section", section),
        ("check", {"section": None, "findings": [{**finding, "message": ALL}], "score": 50}),
        ("error", {"code": "x", "message": ALL}),
    ]
    wire = "".join(
        f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
        for number, (kind, data) in enumerate(events, start=1)
    )

    def answer(route: Route) -> None:
        route.fulfill(
            body=wire, headers={"content-type": "text/event-stream", "x-run-id": "a" * 32}
        )

    visit.expected = BLOCKED
    visit.page.route("**/documents/pitch", answer)
    page = visit.open()
    fill(page)
    page.get_by_role("button", name="Write it", exact=True).click()
    page.get_by_text("It could not be finished").wait_for()
    nothing_ran(page)
    page.get_by_role("button", name="Source S1").click()
    nothing_ran(page)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Sources").click()
    assert page.locator("#panel-sources a").count() == 0
    nothing_ran(page)
    page.get_by_role("tab", name="Checks").click()
    nothing_ran(page)


def test_only_the_elements_of_a_document_are_taken_from_its_html(visit: Visit) -> None:
    """Whatever the HTML holds: elements, attributes and addresses are on a list, or they are left out."""
    visit.expected = BLOCKED
    page = visit.open()
    taken: Any = page.evaluate(
        """async (html) => {
          const { elementsOf } = await import('/web/rendered.js');
          const place = document.createElement('div');
          place.append(...elementsOf(html));
          document.body.append(place);
          return [...place.querySelectorAll('*')].map((e) =>
            [e.localName, ...[...e.attributes].map((a) => a.name)]);
        }""",
        '<p id="a" class="b" onclick="x" style="color:red">p</p>'
        '<a href="https://who.int/x" onclick="x">w</a><a href="JaVaScRiPt:x">j</a>'
        '<svg viewBox="0 0 1 1"><script>pwned=1</script><a xlink:href="javascript:x"><text>t</text></a>'
        "<foreignObject><p>x</p></foreignObject><use href='//evil.example#x'/></svg>" + ALL,
    )
    assert ["p", "id", "class"] in taken
    assert ["a", "href", "target", "rel"] in taken
    assert {name for name, *_ in taken} <= {"p", "a", "svg", "text", "b", "details", "button"}
    assert not {name for _, *names in taken for name in names if name.startswith("on")}
    nothing_ran(page)


def test_hostile_chat_stays_words(visit: Visit, sandbox: RunningSandbox) -> None:
    """What is asked, what is answered, and what both become in curl and Python."""
    sandbox.reply("gemini", ALL, times=None)
    page = visit.open("/playground")
    page.get_by_label("Your message").fill(ALL)
    page.keyboard.press("Enter")
    page.locator(".facts-line").wait_for()
    nothing_ran(page)
    page.get_by_role("tab", name="Python").click()
    nothing_ran(page)


@pytest.mark.parametrize("path", ["/", "/status", "/playground"])
def test_the_policy_lets_no_script_and_no_style_in(visit: Visit, path: str) -> None:
    """Tried from inside the page, as an injection would."""
    visit.expected = BLOCKED
    page = visit.open(path)
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          try { script.textContent = 'globalThis.pwned = 1'; document.head.append(script); } catch {}
          try { document.body.innerHTML += '<img src=x onerror="globalThis.pwned=1">'; } catch {}
          try { document.body.setAttribute('onclick', 'globalThis.pwned = 1'); document.body.click(); } catch {}
        }"""
    )
    assert page.evaluate("globalThis.pwned ?? null") is None
    names = page.evaluate(
        """() => ['rendered', 'default', 'other'].filter((name) => {
          try { trustedTypes.createPolicy(name, {}); return true; } catch { return false; }
        })"""
    )
    assert names == []
