"""The files of pipelines that the real PaddleX serves: mistakes that it would not tell of.

What a pipeline's models take is PaddleX's to say, and differs between its releases. So keys at the top and
in ``Serving``, which it ignores when it does not know them, must be ones that it has; further down a key is
refused only if it is nearly one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError, create_model

from hub.errors import ConfigError
from hub.paddlex.document import Document
from hub.paddlex.ocr_file import Keys, ServingSection
from hub.serving.config import validation
from hub.suggestion import closest

#: So alike that one of them is a slip of the pen: ``model_dirr``, not another of PaddleX's many keys.
_SLIP: Final = 0.85
#: Switches and numbers at the top of the pipelines' files, in PaddleX 3.7.
_TOP: Final = """
    batch_size det_threshold engine engine_config format_block_content hamming_radius hpi_config index
    layout_prep_cpu_workers markdown_ignore_labels merge_layout_blocks rec_threshold rec_topk text_type
    use_chart_recognition use_doc_orientation_classify use_doc_preprocessor use_doc_unwarping
    use_formula_recognition use_general_ocr use_layout_detection use_layout_parser use_mllm_predict
    use_ocr_for_image_block use_ocr_model use_queues use_region_detection use_seal_recognition
    use_table_recognition use_textline_orientation
"""
#: Further keys of models, and of pipelines within pipelines.
_BELOW: Final = """
    api_key api_type base_url box_thresh box_threshold device few_shot_demo_key_value_list
    few_shot_demo_text_content flip genai_config img_size input_shape layout_merge_bboxes_mode layout_nms
    layout_unclip_ratio limit_side_len limit_type max_side_len max_side_limit model_dir model_name
    module_name nms_thresh output_format pipeline_name return_word_box rules_str score_thresh target_size
    task_description task_type text_threshold thresh threshold thresholds topk unclip_ratio use_hpip use_udp
    SubModules SubPipelines
"""
_KEYS_BELOW: Final = frozenset((*_TOP.split(), *_BELOW.split()))

_anything: Any = (Any, None)
_File = create_model(
    "_File",
    __base__=Keys,
    pipeline_name=(str, ...),
    SubModules=(dict[str, Any], {}),
    SubPipelines=(dict[str, Any], {}),
    Serving=(ServingSection | None, None),
    device=(str | None, None),
    use_hpip=(bool | None, None),
    **dict.fromkeys(_TOP.split(), _anything),
)


def check(document: Document) -> str | None:
    """Refuse what is a mistake; returns the device that the file names, if it does.

    Raises:
        ConfigError: an unknown key, or a value that is not allowed.
    """
    source = f"pipeline file {document.path}"
    try:
        file = _File.model_validate(document.keys)
    except ValidationError as error:
        raise ConfigError(f"{source}: {validation.problems(error, _File)}") from error
    for part in ("SubModules", "SubPipelines"):
        for path, key in _below(document.keys.get(part) or {}, part):
            meant = closest(key, _KEYS_BELOW, cutoff=_SLIP)
            if key not in _KEYS_BELOW and meant is not None:
                raise ConfigError(f"{source}: unknown key '{path}.{key}'; did you mean {meant!r}?")
    device: str | None = getattr(file, "device", None)
    return device


def _below(entries: Mapping[Any, Any], path: str) -> Iterator[tuple[str, str]]:
    """Path and name of every key inside the entries; their own names are PaddleX's to check."""
    for entry, keys in entries.items():
        if not isinstance(keys, dict):
            continue
        for key, value in keys.items():
            if key in ("SubModules", "SubPipelines") and isinstance(value, dict):
                yield from _below(value, f"{path}.{entry}.{key}")
            elif isinstance(key, str):
                yield f"{path}.{entry}", key
