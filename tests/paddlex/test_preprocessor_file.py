"""doc_preprocessor by its name and by its file: what our own module does of it, and what goes to PaddleX."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub.paddlex.plan import BRIDGE, NATIVE, PipelineOptions, plan
from tests.paddlex.files import PREPROCESSOR, REMOVED
from tests.paddlex.test_pipeline_file import planned, refused

pytestmark = pytest.mark.unit

planned_with = partial(planned, text=PREPROCESSOR)


@pytest.mark.parametrize(
    ("changes", "init_args", "weights"),
    [
        (
            {},
            {
                "use_doc_orientation_classify": True,
                "doc_orientation_classify": {"model_dir": "PP-LCNet_x1_0_doc_ori"},
            },
            ("PP-LCNet_x1_0_doc_ori",),
        ),
        ({"use_doc_orientation_classify": False}, {"use_doc_orientation_classify": False}, ()),
        (
            {"SubModules": REMOVED, "Serving.visualize": False},
            {
                "use_doc_orientation_classify": True,
                "doc_orientation_classify": {"model_dir": "PP-LCNet_x1_0_doc_ori"},
                "visualize": False,
            },
            ("PP-LCNet_x1_0_doc_ori",),
        ),
    ],
    ids=str,
)
def test_a_file_of_doc_preprocessor_reaches_our_module_without_unwarping(
    tmp_path: Path, changes: dict[str, Any], init_args: dict[str, Any], weights: tuple[str, ...]
) -> None:
    found = planned_with(tmp_path, changes)

    assert (found.pipeline, found.module, found.routes) == (
        "doc_preprocessor",
        NATIVE,
        ("document-preprocessing",),
    )
    assert found.init_args == {"pipeline": "doc_preprocessor", "engine": "auto", **init_args}
    assert (found.weights, found.unsupported) == (weights, ())


def test_by_its_name_doc_preprocessor_turns_pages_and_says_what_it_leaves_out() -> None:
    found = plan("doc_preprocessor", PipelineOptions(use_hpip=True))

    assert (found.module, found.init_args) == (NATIVE, {"pipeline": "doc_preprocessor", "engine": "hpip"})
    assert found.weights == ("PP-LCNet_x1_0_doc_ori",)
    assert found.notes == (
        "pages are turned, not flattened; the real PaddleX serves a file with use_doc_unwarping: True",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"use_doc_unwarping": True}, "use_doc_unwarping: pages are turned upright, not flattened"),
        ({"use_doc_unwarping": REMOVED}, "use_doc_unwarping"),  # on, in PaddleX's code
        ({"SubModules.DocOrientationClassify.model_name": "mine"}, "SubModules.DocOrientationClassify: Hub"),
        ({"Serving.return_urls": True}, "return_urls"),
        ({"engine": "transformers"}, "engine is transformers"),
    ],
    ids=str,
)
def test_a_file_of_doc_preprocessor_that_asks_for_more_goes_to_paddlex(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    found = planned_with(tmp_path, changes)

    assert (found.module, found.init_args) == (BRIDGE, {"pipeline": str(tmp_path / "pipeline.yaml")})
    assert any(reason in each for each in found.unsupported), found.unsupported


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"use_doc_unwraping": False}, "unknown key 'use_doc_unwraping'; did you mean 'use_doc_unwarping'?"),
        ({"SubModules.DocOrientation": {}}, "did you mean 'DocOrientationClassify'?"),
        ({"use_doc_orientation_classify": "perhaps"}, "'use_doc_orientation_classify'"),
    ],
    ids=str,
)
def test_a_mistake_in_a_file_of_doc_preprocessor_is_named(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    assert said in refused(tmp_path, changes, PREPROCESSOR)
