"""PaddleOCR's way: its hubserving folder is installed and served from within a checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
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


_EXPORT = """
import sys
import paddle


class Table(paddle.nn.Layer):
    def forward(self, x):
        return (1 - x.mean(axis=[1, 2])).reshape([-1, 8, 4]).mean(axis=2)


class Layout(paddle.nn.Layer):
    def forward(self, x):
        darkness = (1 - x.mean(axis=[1, 3])).reshape([-1, 2, 16]).mean(axis=2)
        halves = paddle.to_tensor([[[0.0, 0.0, 1.0, 0.5], [0.0, 0.5, 1.0, 1.0]]])
        return darkness, halves + 0 * darkness.unsqueeze(2)


for name, network in (("table", Table()), ("layout", Layout())):
    shape = [paddle.static.InputSpec([1, 3, 32, 32], "float32")]
    paddle.jit.save(paddle.jit.to_static(network, shape), f"{sys.argv[1]}/{name}/inference")
"""


@pytest.mark.slow
def test_tables_and_layouts_are_served_in_the_checkout(checkout: Path, tmp_path: Path) -> None:
    script = tmp_path / "export.py"  # to_static reads a network's source
    script.write_text(_EXPORT)
    command = [sys.executable, "-W", "ignore", str(script), str(checkout / "inference")]
    subprocess.run(command, capture_output=True, check=True, timeout=100)
    home = tmp_path / "home"
    names = ("structure_table", "structure_layout")
    hub("install", *(f"deploy/hubserving/{name}" for name in names), home=home, cwd=checkout, timeout=120)
    page = plain((255, 255, 255), 80, 160)
    page[:, 20:40] = page[:, 100:120] = 0
    lower = plain((255, 255, 255), 80, 160)
    lower[40:] = 0
    with Server(home, {name: {"init_args": {"directory": None}} for name in names}, cwd=checkout) as server:
        tables = server.post("structure_table", {"images": [base64_of(page), "bm8gaW1hZ2U="]}).json()
        layouts = server.post("structure_layout", {"images": [base64_of(lower)]}).json()
    row = "<tr><td></td><td></td></tr>"
    assert tables["results"] == [{"html": f"<html><body><table>{row}</table></body></html>"}, []]
    (block,) = layouts["results"][0]["layout"]
    assert block == {"bbox": [0.0, 40.0, 160.0, 80.0], "label": "text", "score": pytest.approx(1.0)}


def test_in_the_checkout_all_that_its_files_lack_is_one_message(checkout: Path, tmp_path: Path) -> None:
    operators = checkout / "ppocr/data/imaug/operators.py"
    operators.write_text("import absent_augment\n" + operators.read_text())
    layout = checkout / "ppstructure/layout/picodet_postprocess.py"
    layout.write_text("import absent_shapes\n" + layout.read_text())
    folder = "deploy/hubserving/structure_layout"
    done = hub("install", folder, home=tmp_path / "home", cwd=checkout, check=False)
    assert done.returncode == 1
    assert "Install them with: pip install absent_augment absent_shapes" in done.stderr
