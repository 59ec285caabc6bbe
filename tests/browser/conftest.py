"""Pages in headless Chromium, as people see them: at desktop and phone width, light and dark, with scripts and without.

The browser is the machine's own, found on PATH or named by SP_TEST_CHROMIUM. Without it, or without the extra
``browser``, these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, List
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP, PHONE = (1280, 800), (390, 844)
# Nothing that calls out on its own, and no sandbox, which wants privileges that containers lack.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> Any:
    """Width and height of the window; a test that takes it runs at both."""
    return request.param


@pytest.fixture
def phone() -> Any:
    """Width and height of a phone's window."""
    return PHONE


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Any:
    """The colours that the reader prefers; a test that takes it runs with both."""
    return request.param


# While playwright runs, the thread has an event loop; tests of other modules may want to start theirs.
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser, one for the tests of a module."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the extra `browser`")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("SP_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f"no Chromium on this machine: none of {', '.join(names)} is on PATH")
    # It keeps settings beside its profile too.
    home = str(tmp_path_factory.mktemp("chromium"))
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=FLAGS, env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home}
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page of a file or a local server: ``open_page(url, size, scheme, scripts=False)``.

    A test fails when a page that it opened complained on the console, or asked for anything from elsewhere.
    """
    complaints: List[str] = []
    contexts = []

    def complain_of_foreign(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("file", "data", "blob", "about") and parts.hostname not in ("127.0.0.1", "localhost"):
            complaints.append(f"asks for {url}")

    def open_page(url: Any, size: Any = DESKTOP, scheme: str = "light", scripts: bool = True, **options: Any) -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            has_touch=width < 600,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complain_of_foreign(request.url))
        page.goto(url.as_uri() if isinstance(url, Path) else url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def accessibility_problems() -> Callable[[Page], List[str]]:
    """Give what axe-core finds serious on a page, each in a line."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: extra `browser`")

    def problems(page: Page) -> List[str]:
        found = axe.Axe().run(page).response
        assert found["passes"]
        return [
            f"{violation['id']}: {violation['help']}: {node['target']} {node['html'][:200]}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    return problems
