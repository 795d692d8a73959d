"""A real Chromium, real servers with small modules, and axe-core. A missing tool fails, it never skips."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server

MODULES = Path(__file__).parent / "modules"
#: A key that the guarded server takes.
KEY = "0123456789abcdef-secret"
AXE = "axe-core@4.14.1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def own(*names: str, **entries: Any) -> dict[str, dict[str, Any]]:
    """``modules_info`` for the modules of this folder."""
    return {
        name: {"init_args": {"directory": str(MODULES / name)}, **entries.get(name, {})}
        for name in (*names, *(set(entries) - set(names)))
    }


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "the browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page in a fresh profile. What its scripts raise, or what it asks of other hosts, fails the test."""
    context = browser.new_context(
        viewport={"width": 1200, "height": 900}, locale="en-GB", accept_downloads=True
    )
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    mistakes: list[str] = []
    opened.on("pageerror", lambda error: mistakes.append(str(error)))
    opened.on(
        "console", lambda said: mistakes.append(said.text) if "Content Security Policy" in said.text else None
    )
    opened.on(
        "request", lambda asked: mistakes.append(asked.url) if "127.0.0.1" not in asked.url.split("/")[2] and
        not asked.url.startswith(("blob:", "data:")) else None
    )  # fmt: skip
    yield opened
    context.close()
    assert not mistakes


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    """axe-core's source, from npm; kept in pytest's cache."""
    folder = request.config.cache.mkdir("axe-core")
    source = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not source.exists():
        assert shutil.which("npm"), "the accessibility test needs npm, which fetches axe-core"
        subprocess.run(
            ["npm", "install", "--prefix", str(folder), "--no-save", "--ignore-scripts", AXE],
            check=True,
            capture_output=True,
            timeout=100,
        )
    return source.read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """boxes, tagger, shapes, papers, and one module that failed; no test may harm it."""
    modules = {**own("boxes", "tagger", "shapes", "papers"), "broken": {}}
    with Server(tmp_path_factory.mktemp("home"), modules) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def guarded(home: Path) -> Iterator[Server]:
    """A server of boxes and tagger that asks for a key."""
    home.mkdir()
    (home / "keys").write_text(f"me:{KEY}\n")
    with Server(home, own("tagger", "boxes"), api_key_file=str(home / "keys")) as server:
        yield server


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "it's a sign.png"
    path.write_bytes(pictures.png(400, 160))
    return path
