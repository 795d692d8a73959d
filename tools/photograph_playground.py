"""Photograph the playground of a running server for the documents.

    hub serving start -m ocr_system lac
    python tools/photograph_playground.py [URL] [FOLDER]    http://127.0.0.1:8866 and doc/pictures by default

It takes Chromium and Playwright, and the font NotoSansCJKsc for the Chinese of the page.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from PIL import Image
from playwright.sync_api import sync_playwright

import hub

ROOT: Final = Path(__file__).parents[1]
FLAGS: Final = ["--headless", "--no-sandbox", "--disable-gpu"]
#: Colours in a file.
COLOURS: Final = 256
TEXTS: Final = "百度是一家高科技公司，总部在北京。\n今天下午王敏去静心湖公园散步。"


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium with the Chinese font among those of the system."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise click.ClickException("no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "fonts").mkdir()
        (Path(folder) / "fonts" / "cjk").symlink_to(hub.model_path("NotoSansCJKsc"))
        environment = {**os.environ, "XDG_DATA_HOME": folder}
        running = playwright.chromium.launch(executable_path=path, args=FLAGS, env=environment)
        yield running
        running.close()


def open_module(chromium: Any, url: str, module: str, **options: Any) -> Any:
    """Open a page of the playground with a module on show."""
    page = chromium.new_context(**options).new_page()
    page.goto(f"{url}/#{module}")
    page.wait_for_selector("#module:not([hidden])")
    return page


def save(page: Any, path: Path) -> None:
    """Write what the window shows, with few colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS)
    picture.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size} bytes")


@click.command()
@click.argument("url", default="http://127.0.0.1:8866")
@click.argument("folder", type=click.Path(path_type=Path), default=ROOT / "doc" / "pictures")
def main(url: str, folder: Path) -> None:
    """Photograph the playground at URL into FOLDER."""
    with browser() as chromium:
        page = open_module(
            chromium, url, "ocr_system", viewport={"width": 1280, "height": 800}, locale="en-GB"
        )
        page.set_input_files("input[type=file]", str(ROOT / "doc" / "imgs" / "sign.jpg"))
        page.click("#run")
        page.wait_for_selector(".picture polygon")
        page.hover(".lines li:nth-child(3)")
        page.wait_for_timeout(500)
        save(page, folder / "playground.png")
        phone = {
            "viewport": {"width": 390, "height": 484}, "device_scale_factor": 1.5, "is_mobile": True,
            "has_touch": True, "locale": "zh-CN", "color_scheme": "dark", "reduced_motion": "reduce",
        }  # fmt: skip
        page = open_module(chromium, url, "lac", **phone)
        page.fill("#form textarea", TEXTS)
        page.tap("#run")
        page.wait_for_selector(".chip")
        page.wait_for_timeout(500)
        save(page, folder / "playground_phone.png")


if __name__ == "__main__":
    main()
