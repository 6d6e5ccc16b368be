"""A browser before the real service: pages as visitors see them, with every error that they would not.

One sandbox and one browser for the package, one service for each module. Playwright's loop occupies
the thread, so it begins after the sandbox and ends before anything else may run one.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

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

    @property
    def unexpected(self) -> list[str]:
        """The complaints that the test has not announced in `expected`."""
        return [c for c in self.complaints if not any(words in c for words in self.expected)]


Opens = Callable[..., Visit]


@pytest.fixture
def visits(browser: Browser, service: RunningService) -> Iterator[Opens]:
    """Opens a browser window: `visits(width=320, color_scheme="dark")`."""
    made: list[Visit] = []

    def visit(url: str = "", width: int = 1280, height: int = 800, **options: Any) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", **options
        )
        context.set_default_timeout(20_000)
        context.add_init_script(WATCH)
        own = Visit(context.new_page(), url or service.url)
        own.page.on("console", own.hear)
        own.page.on("pageerror", lambda error: own.complaints.append(str(error)))
        made.append(own)
        return own

    yield visit
    for each in made:
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
