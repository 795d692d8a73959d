"""``hub pack --sdk`` of a pipeline that the real PaddleX serves: its folder, its server.sh, its client.py."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.paddlex.sdk.test_sdk import call, serve
from tests.serving.running import ROOT, hub

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(1800)]

PIPELINE = "image_classification"


@pytest.mark.parametrize("named", ["by its name", "by a file"])
def test_the_sdk_of_a_pipeline_of_paddlexs_serves_and_calls_it(
    python: Path, pipelines: dict[str, Path], request: pytest.FixtureRequest, tmp_path: Path, named: str
) -> None:
    (installed,) = Path(request.config.cache.mkdir("paddlex")).glob("*/modules")
    (tmp_path / "home").symlink_to(installed.parent)
    wanted = PIPELINE if named == "by its name" else str(pipelines["classifier"])
    hub("pack", "--sdk", wanted, "--output", str(tmp_path), home=tmp_path / "home")
    (sdk,) = tmp_path.glob("*_sdk")
    config = sdk / "server" / "pipeline_config.yaml"
    place = yaml.safe_load(config.read_text())["SubModules"]["ImageClassification"]["model_dir"]
    assert place == (None if named == "by its name" else "models/ImageClassification")
    if named == "by its name":
        shutil.copyfile(pipelines["classifier"], config)  # its model is on this machine
    (wheel,) = (sdk / "client").glob("paddlex_hps_client-*.whl")
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*words, str(tmp_path / "site"), str(wheel)], check=True, timeout=60)

    for running in serve(sdk, tmp_path, grpc=False):
        url = f"http://127.0.0.1:{running.http}"
        image = str(ROOT / "doc" / "imgs" / "sign.jpg")
        done = call(sdk, tmp_path / "site", "--image", image, "--no-visualization", "--url", url)

        assert done.returncode == 0, done.stderr + running.log.read_text()
        assert json.loads(done.stdout)["categories"][0].keys() == {"id", "name", "score"}
