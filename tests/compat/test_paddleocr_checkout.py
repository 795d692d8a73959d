"""PaddleOCR's way: its hubserving folder is installed and served from within a checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.compat.conftest import base64_of, plain
from tests.serving.running import Server, hub

CHECKOUT = Path(__file__).parent / "checkout"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHECKOUT, tmp_path / "PaddleOCR"))


def test_installs_and_serves_in_the_checkout(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    hub("install", "deploy/hubserving/ocr_system/", home=home, cwd=checkout)
    with Server(home, {"ocr_system": {"init_args": {"directory": None}}}, cwd=checkout) as server:
        page = plain((255, 255, 255), 60, 80)
        page[10:20, 5:45] = 0
        reply = server.post("ocr_system", {"images": [base64_of(page), "bm8gaW1hZ2U="]}).json()
    line = {"text": "40x10", "confidence": 0.5, "text_region": [[5, 10], [45, 10], [45, 20], [5, 20]]}
    assert reply == {"msg": "", "results": [[line], []], "status": "0"}


def test_outside_the_checkout_the_message_says_where_to_be(checkout: Path, tmp_path: Path) -> None:
    folder = str(checkout / "deploy/hubserving/ocr_system")
    done = hub("install", folder, home=tmp_path / "home", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "folders of a PaddleOCR checkout" in done.stderr
    assert hub("list", "--json", home=tmp_path / "home").stdout.strip() == "[]"
