"""The SDK's ``client.py`` of a pipeline: what it sends, and what it saves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from hub.paddlex import ready, sdk
from tests.paddlex.files import written
from tests.paddlex.sdk.test_sdk_of_a_file import FACES
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit

Client = Callable[..., int]
TABLE = "time,value\n1,2\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Return model and body of each request."""
    monkeypatch.chdir(tmp_path)
    return []


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: list[tuple[str, Any]]) -> Client:
    """``client(*words, result={…})``: run the packed client against a server that answers so."""
    monkeypatch.setattr(ready, "require_paddlex", lambda planned: None)
    monkeypatch.syspath_prepend(str(ROOT / "hub" / "paddlex" / "sdk" / "templates"))
    script = sdk.pack(written(tmp_path, FACES), tmp_path / "out") / "client" / "client.py"
    spec = util.spec_from_file_location("packed_client", script)
    assert spec is not None
    assert spec.loader is not None
    module: Any = util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*words: str, result: Any = None) -> int:
        def answer(_: Any, model: str, body: Any) -> dict[str, Any]:
            sent.append((model, body))
            return {"errorCode": 0, "result": result or {}}

        monkeypatch.setattr(module, "triton_request", answer)
        monkeypatch.setattr("sys.argv", ["client.py", "--url", "http://127.0.0.1:1", *words])
        return int(module.main())

    return run


def test_a_tar_is_sent_as_base64(client: Client, sent: list[tuple[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("tar")

    assert client("--tar", "a.tar") == 0
    assert sent == [("face-recognition-infer", {"tar": encoded("tar")})]


def test_images_and_labels_are_pairs_of_a_request(
    client: Client, sent: list[tuple[str, Any]], tmp_path: Path
) -> None:
    for name in ("a.jpg", "b=c.jpg"):
        (tmp_path / name).write_text(name)
    words = ("--endpoint", "face-recognition-index-build", "--image-label", "a.jpg=Ada Lovelace")

    assert client(*words, "--image-label", "b=c.jpg=Grace") == 0
    pairs = [
        {"image": encoded("a.jpg"), "label": "Ada Lovelace"},
        {"image": encoded("b=c.jpg"), "label": "Grace"},
    ]
    assert sent == [("face-recognition-index-build", {"imageLabelPairs": pairs})]


def test_fields_may_be_in_a_file(client: Client, sent: list[tuple[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps({"indexKey": "名"}), "utf-8")

    assert client("--json", "@request.json", "--no-visualization") == 0
    assert sent[0][1] == {"indexKey": "名", "visualize": False}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--image-label", "a.jpg"), "--image-label is FILE=LABEL, not 'a.jpg'"),
        (("--image-label", "=a"), "--image-label is FILE=LABEL, not '=a'"),
        (("--json", "@nowhere.json"), "nowhere.json"),
        (("--json", "[1]"), "--json must be a JSON object, not list"),
        (("--csv", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_what_cannot_be_sent_is_said_in_one_line(
    client: Client,
    sent: list[tuple[str, Any]],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    assert client(*words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not sent


def test_a_time_series_is_saved_as_csv(
    client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text(TABLE)
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()

    assert client("--csv", "in.csv", "--output", "my_", result={"csv": encoded(TABLE), "image": picture}) == 0
    assert json.loads(capsys.readouterr().out) == {"csv": "my_csv_0.csv", "image": "my_image_1.png"}
    assert (tmp_path / "my_csv_0.csv").read_text() == TABLE
