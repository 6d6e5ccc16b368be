"""A browser before the real service: pages as visitors see them, with every error that they would not.

One sandbox and one browser for the package, one service for each module. Playwright's loop occupies
the thread, so it begins after the sandbox and ends before anything else may run one.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from sandbox.running import RunningSandbox, running_sandbox
from tests.service import RunningService, running_service

CHROMIUM = "/usr/bin/chromium"
WATCH = """
  addEventListener('securitypolicyviolation', (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  globalThis.shifts = [];
  globalThis.slow = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries().filter((e) => !e.hadRecentInput)
    .map((e) => e.value))).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => slow.push(...list.getEntries().map((e) =>
    [e.name, e.processingEnd - e.processingStart]))).observe({ type: 'event', durationThreshold: 16 });
"""

Settings = dict[str, str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, all of these tests are for one of them: one browser is enough."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas of their own."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


@pytest.fixture(scope="package")
def browser(sandbox: RunningSandbox) -> Iterator[Browser]:
    """Debian's Chromium; without it the tests are skipped, except where everything has to be there."""
    if shutil.which(CHROMIUM) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing")
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def settings() -> Settings:
    """What a module's service has beside the sandbox's keys; modules override it."""
    return {}


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service, which calls as fast as the stand-ins answer."""
    usual = {"MIN_INTERVAL_SECONDS": "0", "MAX_WAIT_SECONDS": "5", "LOCAL_MODEL": "off"}
    folder: Path = tmp_path_factory.mktemp("service")
    with running_service(folder, {**sandbox.env, **usual, **settings}) as running:
        yield running


@pytest.fixture(autouse=True)
def _healed(sandbox: RunningSandbox) -> Iterator[None]:
    """No test leaves a stand-in broken."""
    yield
    sandbox.heal()
    sandbox.forget_replies()


@dataclass
class Visit:
    """A visitor with a browser of their own: what the pages complained of, and what was to be expected."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """The page at *path*."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def hear(self, message: ConsoleMessage) -> None:
        """Remember what is no mere remark."""
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def notice(self, error: Error) -> None:
        """Remember an error that no script has caught."""
        self.complaints.append(str(error))

    @property
    def unexpected(self) -> list[str]:
        """The complaints that the test has not announced in `expected`."""
        return [c for c in self.complaints if not any(words in c for words in self.expected)]


Opens = Callable[..., Visit]
USUAL: dict[str, Any] = {"locale": "en-GB", "reduced_motion": "reduce"}  # motion costs time
FORGET = """async () => {
  localStorage.clear();
  sessionStorage.clear();
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
}"""


def opened(browser: Browser) -> Page:
    """A new window with a storage of its own."""
    context = browser.new_context(**USUAL)
    context.set_default_timeout(20_000)
    context.add_init_script(WATCH)
    return context.new_page()


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """The window that the tests of a module share: a new one for each would cost more than they do."""
    page = opened(browser)
    yield page
    page.context.close()


@pytest.fixture
def visits(browser: Browser, window: Page, service: RunningService) -> Iterator[Opens]:
    """Comes to the service, or to that at `url`: `visits(width=320, color_scheme="dark")`.

    What the visitor before has left behind is gone. With `anew` the window itself is a new one.
    """
    made: list[Visit] = []

    def visit(
        url: str = "",
        width: int = 1280,
        height: int = 800,
        color_scheme: Literal["light", "dark"] = "light",
        *,
        anew: bool = False,
    ) -> Visit:
        own = Visit(opened(browser) if anew else window, url or service.url)
        own.page.set_viewport_size({"width": width, "height": height})
        own.page.emulate_media(color_scheme=color_scheme, reduced_motion="reduce")
        own.page.on("console", own.hear)
        own.page.on("pageerror", own.notice)
        made.append(own)
        return own

    yield visit
    for each in made:
        each.page.context.set_offline(False)
        each.page.unroute_all(behavior="ignoreErrors")
        each.page.goto(f"{service.url}/web/base.css")
        each.page.evaluate(FORGET)
        each.page.remove_listener("console", each.hear)
        each.page.remove_listener("pageerror", each.notice)
        if each.page is not window:
            each.page.context.close()
    assert [each.unexpected for each in made] == [[] for _ in made]


@pytest.fixture
def visit(visits: Opens) -> Visit:
    """An ordinary window."""
    return visits()


@pytest.fixture
def page(visit: Visit) -> Page:
    """The studio in it."""
    return visit.open()


def fill(page: Page, example: str = "Soil tests", kind: str = "Pitch") -> None:
    """Load an example and choose a document; the form says by itself what it will take."""
    page.get_by_role("button", name=example).click()
    page.get_by_role("radio", name=kind).check()
    page.locator("#outlook dl").wait_for()


def write(page: Page, example: str = "Soil tests", kind: str = "Pitch") -> None:
    """Have a document written, to its end."""
    fill(page, example, kind)
    page.get_by_role("button", name="Write it", exact=True).click()
    finished(page)


def finished(page: Page) -> None:
    """Wait until the document is there, with all that can be done about it."""
    page.get_by_text("Finished:").wait_for()
    page.get_by_role("heading", name="Download").wait_for()
