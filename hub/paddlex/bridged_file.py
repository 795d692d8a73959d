"""Slips in the files of pipelines that the real PaddleX serves.

PaddleX checks the values in its files, and ignores keys that it does not know: with ``model_dirr`` it would
fetch another model. Which keys there are differs between its releases. So an unknown key at the top is
refused, and one further down if it is nearly a known one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.errors import ConfigError
from hub.paddlex.document import Document
from hub.suggestion import closest

#: So alike that one of them is a slip of the pen.
_SLIP: Final = 0.85
#: Keys at the top of the pipelines' files, in PaddleX 3.7.
_TOP: Final = """
    Serving SubModules SubPipelines batch_size det_threshold device engine engine_config format_block_content
    hamming_radius hpi_config index layout_prep_cpu_workers markdown_ignore_labels merge_layout_blocks
    pipeline_name rec_threshold rec_topk text_type use_chart_recognition use_doc_orientation_classify
    use_doc_preprocessor use_doc_unwarping use_formula_recognition use_general_ocr use_hpip
    use_layout_detection use_layout_parser use_mllm_predict use_ocr_for_image_block use_ocr_model use_queues
    use_region_detection use_seal_recognition use_table_recognition use_textline_orientation
"""
#: Further keys of models, of pipelines within pipelines, and of ``Serving``.
_BELOW: Final = """
    api_key api_type base_url box_thresh box_threshold extra few_shot_demo_key_value_list
    few_shot_demo_text_content file_storage flip genai_config img_size index_storage input_shape
    layout_merge_bboxes_mode layout_nms layout_unclip_ratio limit_side_len limit_type max_num_input_imgs
    max_output_img_size max_side_len max_side_limit model_dir model_name module_name nms_thresh output_format
    return_img_urls return_urls return_word_box rules_str score_thresh target_size task_description task_type
    text_threshold thresh threshold thresholds topk unclip_ratio url_expires_in use_udp visualize
"""


def check(document: Document) -> None:
    """Refuse keys that are slips.

    Raises:
        ConfigError: such a key, with the one that is meant.
    """
    for path, key in _keys(document.keys, ""):
        known = (_TOP + _BELOW if path else _TOP).split()
        meant = closest(key, known, cutoff=_SLIP if path else 0.6)
        if key not in known and (meant or not path):
            hint = f"; did you mean {meant!r}?" if meant else ""
            raise ConfigError(f"pipeline file {document.path}: unknown key '{path}{key}'{hint}")


def _keys(part: Mapping[Any, Any], path: str) -> Iterator[tuple[str, str]]:
    """Yield path and name of every key; the names of models and pipelines within are PaddleX's to check."""
    for key, value in part.items():
        yield path, str(key)
        if key in ("SubModules", "SubPipelines") and isinstance(value, dict):
            for entry, keys in value.items():
                if isinstance(keys, dict):
                    yield from _keys(keys, f"{path}{key}.{entry}.")
        elif key in ("Serving", "extra") and isinstance(value, dict):
            yield from _keys(value, f"{path}{key}.")
