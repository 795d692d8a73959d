"""What the bridge adds to PaddleX, and what it says where PaddleX is missing."""

from __future__ import annotations

import importlib.util
import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement

from hub.errors import ConfigError, EngineError, InvalidInputError
from hub.serving.messages import state
from tests.paddlex_bridge.parts import MODULE, documents, guards, module_class, pipeline, upstream_fix
from tests.serving.pictures import encode, plain
from tests.serving.running import ROOT, Server, hub

without_paddlex = pytest.mark.skipif(
    importlib.util.find_spec("paddlex") is not None, reason="is about its absence"
)


# -- where PaddleX is missing ----------------------------------------------------------------------


@without_paddlex
def test_a_served_module_without_paddlex_fails_and_says_what_installs_it(tmp_path: Path) -> None:
    init_args = {"directory": str(MODULE), "pipeline": "image_classification"}
    with Server(tmp_path, {"paddlex_pipeline": {"init_args": init_args}, "greet": {}}) as server:
        module = server.module("paddlex_pipeline")

    assert module.state == state.FAILED
    assert module.reason.startswith("not installed in this Python")
    assert "hub install --isolated paddlex_pipeline" in module.reason
    assert "pip install -r " in module.reason


@without_paddlex
def test_installing_it_by_name_names_what_is_missing_and_the_ways_out(tmp_path: Path) -> None:
    done = hub("install", "paddlex_pipeline", home=tmp_path, check=False)

    assert done.returncode == 1
    assert "paddlex[base,serving]==3.7.2 (not installed)" in done.stderr
    assert "hub install --isolated" in done.stderr


#: Of the two packages that the bridge looks for; another extra may have brought fastapi.
MISSING = [name for name in ("paddlex", "fastapi") if find_spec(name) is None]


@without_paddlex
@pytest.mark.parametrize(
    ("init_args", "error", "said"),
    [
        ({}, ConfigError, "no pipeline; set pipeline in init_args"),
        ({"pipeline": "OCR", "divice": "cpu"}, ConfigError, "divice"),
        ({"pipeline": "OCR"}, EngineError, f"{', '.join(MISSING)}. Give the module an environment"),
    ],
)
def test_what_is_wrong_with_its_settings_is_said(
    init_args: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=re.escape(said)):
        module_class()._initialize(**init_args)


def test_the_extra_asks_for_what_the_module_asks_for() -> None:
    lines = (MODULE / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    metadata = hub_metadata()

    assert [line.partition(";")[0].strip() for line in metadata] == wanted


def hub_metadata() -> list[str]:
    """``extras_require["paddlex"]`` as setup.py computes it."""
    namespace: dict[str, Any] = {"__file__": str(ROOT / "setup.py")}
    source = (ROOT / "setup.py").read_text("utf-8").partition("\nsetup(")[0]
    exec(compile(source, "setup.py", "exec"), namespace)  # noqa: S102
    found: list[str] = namespace["PADDLEX"]
    return found


def test_the_environment_has_a_pandas_that_knows_the_frequency_h() -> None:
    wanted = [Requirement(line) for line in hub_metadata()]
    (pandas,) = [each for each in wanted if each.name == "pandas"]

    assert "2.3.3" in pandas.specifier
    assert "3.0.0" not in pandas.specifier


# -- which device ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "use_gpu", "used"),
    [
        (None, False, "cpu"),
        (None, True, "gpu:0"),
        ("gpu:1", True, "gpu:0"),  # the server gave the runner that card, and no other
        ("gpu:1", False, "gpu:1"),
        ("npu:0", True, "npu:0"),
    ],
)
def test_a_runner_uses_the_device_that_it_was_given(device: str | None, use_gpu: bool, used: str) -> None:
    import paddlex_pipeline.module

    assert paddlex_pipeline.module._device(device, use_gpu) == used


# -- what a request may not do ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"image": "http://10.0.0.1/a.png"}, "body.image"),
        ({"image": " HTTPS://10.0.0.1/a.png"}, "body.image"),
        ({"imageLabelPairs": [{"label": "a"}, {"image": "https://x/y"}]}, "body.imageLabelPairs[1].image"),
        ({"messages": [{"content": [{"image_url": {"url": "https://x"}}]}]}, "body.messages[0]"),
        *(({name: "https://x/y"}, f"body.{name}") for name in ("file", "csv", "audio", "video", "tar")),
        ({"chatBotConfig": {"base_url": "https://x"}}, "body.chatBotConfig.base_url"),
        ({"retrieverConfig": {"base_url": "https://x"}}, "body.retrieverConfig.base_url"),
        (
            {"outputFormats": ["docx"], "pages": [{"markdownImages": {"a.jpg": "https://x"}}]},
            "body.pages[0].markdownImages.a.jpg",
        ),
    ],
)
def test_addresses_are_refused_where_they_are_fetched_unless_allowed(
    body: dict[str, Any], place: str
) -> None:
    refused = guards.refusal(body, allow_urls=False)

    assert refused is not None
    assert refused.startswith(place)
    assert guards.refusal(body, allow_urls=True) is None


@pytest.mark.parametrize(
    "body",
    [
        {"image": "aHR0cDovLw==", "query": "what is http://example.org?", "topk": 1, "visualize": None},
        {"visualInfo": [{"normal_text_dict": {"text": "https://example.org is our page"}}]},
        {"imageLabelPairs": [{"image": "AAAA", "label": "https://example.org/shoe"}]},
        {"image": "AAAA", "prompt": "http://example.org"},
        {
            "keyList": ["https://example.org"],
            "textRulesStr": "http://…",
            "chatBotConfig": {"api_type": "openai"},
        },
        {"messages": [{"content": "https://example.org"}]},
        {"messages": [{"content": [{"type": "text", "text": "https://example.org"}]}]},
        {"markdownList": [{"text": "http://example.org", "images": {"a.jpg": "http://example.org/a.jpg"}}]},
        {"pages": [{"prunedResult": {}, "markdownImages": {"a.jpg": "http://example.org/a.jpg"}}]},
    ],
)
def test_text_that_nobody_fetches_may_be_an_address(body: dict[str, Any]) -> None:
    assert guards.refusal(body, allow_urls=False) is None


@pytest.mark.parametrize("image", ["/etc/hostname", "file:///etc/hostname", {"url": "picture.png"}])
def test_a_chats_image_is_no_file_of_the_server(image: Any) -> None:
    content = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": image}]
    body = {"messages": [{"role": "user", "content": content}]}

    assert "not the path of a file" in (guards.refusal(body, allow_urls=True) or "")


def test_a_chats_image_may_be_data() -> None:
    content = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]

    assert guards.refusal({"messages": [{"content": content}]}, allow_urls=False) is None


class Kept:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def set(self, key: str, value: bytes) -> None:
        self.keys.append(key)


@pytest.mark.parametrize("log_id", ["..", "../x", "/tmp", "a/b", ""])
def test_a_log_id_cannot_choose_where_pictures_are_kept(log_id: str) -> None:
    kept = Kept()
    with pytest.raises(ValueError, match="kept by logId"):
        guards.Below(kept).set(f"{log_id}/ocr_img_0.jpg", b"")

    guards.Below(kept).set("8f1e/ocr_img_0.jpg", b"")

    assert kept.keys == ["8f1e/ocr_img_0.jpg"]


# -- the fix of PaddleX ------------------------------------------------------------------------------


class Predictor:
    """Takes an answer apart as PaddleX 3.5 to 3.7 do: lists by image, all else whole."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def process(self, batch: list[Any]) -> dict[str, Any]:
        return dict(self.answer)

    def apply(self, input: list[Any], **_: Any) -> Any:
        answer = self.process(input)
        for number in range(len(input)):
            yield {k: v[number] if isinstance(v, list) else v for k, v in answer.items()}


def test_a_mended_predictor_gives_each_image_its_own_classes() -> None:
    class Mended(Predictor):
        pass

    upstream_fix.fix(Mended)
    upstream_fix.fix(Mended)
    mask = np.zeros((2, 3))
    predictor = Mended({"class_ids": np.array([[1, 0], [2, 1]]), "scores": [0.9, 0.8], "pred": mask})

    for _ in range(2):
        first, second = predictor.apply(["a", "b"])

        assert (first["class_ids"].tolist(), second["class_ids"].tolist()) == ([1, 0], [2, 1])
        assert second["scores"] == 0.8
        assert second["pred"] is mask


# -- documents ---------------------------------------------------------------------------------------


class TooLargeError(Exception):
    """PaddleX's ImageTooLargeError."""


@pytest.fixture
def utils() -> SimpleNamespace:
    """What is used of PaddleX's module; its classes are pydantic's there."""
    found = SimpleNamespace(
        MAX_IMAGE_PIXELS=10_000_000, PDF_RENDER_SCALE=1.0, ImageTooLargeError=TooLargeError,
        PDFInfo=SimpleNamespace, TIFFInfo=SimpleNamespace, PDFPageInfo=SimpleNamespace,
    )  # fmt: skip
    documents.bound(found)
    return found


@pytest.mark.parametrize(("name", "kind"), [("read_pdf", "PDF"), ("read_tiff", "TIFF")])
def test_paddlex_reads_the_pages_of_documents_by_our_readers(
    utils: SimpleNamespace, name: str, kind: str
) -> None:
    pages = [plain(72, 36), plain(36, 36), plain(36, 72)]
    data = encode(pages[0], kind, save_all=True, append_images=pages[1:])
    images, info = getattr(utils, name)(data, max_num_imgs=2)

    assert [image.shape for image in images] == [(36, 72, 3), (36, 36, 3)]
    assert (info.numPages, [vars(page) for page in info.pages][1]) == (2, {"width": 36, "height": 36})
    assert len(getattr(utils, name)(data)[0]) == 3


def test_a_document_that_is_refused_is_so_by_the_error_that_paddlex_passes_on(utils: SimpleNamespace) -> None:
    with pytest.raises(TooLargeError, match="Invalid input file"):
        utils.read_pdf(b"%PDF")


# -- PaddleX's models on this machine --------------------------------------------------------------


def test_models_that_are_not_here_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path))
    (tmp_path / "official_models" / "PP-A").mkdir(parents=True)
    config = {
        "SubModules": {"One": {"model_name": "PP-A", "model_dir": None}},
        "SubPipelines": {"Two": {"SubModules": {"Three": {"model_name": "PP-B"}}}},
        "Own": {"model_name": "PP-C", "model_dir": "here"},
    }

    advice = pipeline._advice(config)

    assert "PP-B" in advice
    assert "PP-A" not in advice
    assert "PP-C" not in advice


def test_a_font_is_a_file_or_the_only_one_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no font file"):
        pipeline._font(str(tmp_path))
    (tmp_path / "font.otf").touch()
    (tmp_path / "readme.txt").touch()

    assert pipeline._font(str(tmp_path)) == tmp_path / "font.otf"
    assert pipeline._font(str(tmp_path / "font.otf")) == tmp_path / "font.otf"


def test_calls_of_what_is_no_route_are_refused() -> None:
    module = module_class()
    module.endpoints, module.allow_urls, module._indexes = {"ocr": ()}, False, None
    module.trust_callers = False
    with pytest.raises(InvalidInputError, match="there are ocr"):
        module.call_endpoint("orc", {})
    with pytest.raises(InvalidInputError, match="must be a JSON object"):
        module.call_endpoint("ocr", [])

    refused = module.call_endpoint("ocr", {"file": "https://example.org/a.png", "logId": "7"})

    assert refused["http_status"] == 422
    assert refused["reply"] == {
        "logId": "7",
        "errorCode": 422,
        "errorMsg": guards.refusal({"file": "https://"}, allow_urls=False),
    }
