"""The names of a params.py: a slip of the pen is an error, and what has no effect is said once."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Final

from hub.errors import ConfigError
from hub.ocr.params import FIELDS, EndpointParams
from hub.ocr.rules import Rules
from hub.suggestion import closest

log = logging.getLogger(__name__)

#: How alike a name must be to a known one to be a slip: det_db_tresh is, det_box_type is not.
_SLIP: Final = 0.85
_KNOWN: Final = frozenset((*FIELDS, *Rules.model_fields))
#: The settings of ocr_pipeline, which reads them by itself.
_OF_THE_PIPELINE: Final = frozenset(EndpointParams.model_fields)
#: PaddleOCR's, for other models, other engines, or its own command lines.
_PADDLEOCR: Final = frozenset(
    """
    benchmark cpu_threads crop_res_save_dir det det_box_type det_east_cover_thresh det_east_nms_thresh
    det_east_score_thresh det_pse_box_thresh det_pse_box_type det_pse_min_area det_pse_scale det_pse_thresh
    det_sast_nms_thresh det_sast_polygon det_sast_score_thresh draw_img_save_dir e2e_algorithm
    e2e_char_dict_path e2e_limit_side_len e2e_limit_type e2e_model_dir e2e_pgnet_mode e2e_pgnet_score_thresh
    e2e_pgnet_valid_set enable_mkldnn fourier_degree gpu_id gpu_mem image_dir ir_optim max_batch_size
    max_text_length min_subgraph_size onnx_providers onnx_sess_options ocr page_num precision process_id
    rec_image_inverse save_crop_res save_log_path scales show_log total_process_num
    use_gcu use_gpu use_metax_gpu use_mlu use_mp use_npu use_onnx use_xpu vis_font_path warmup
    """.split()  # noqa: SIM905 - as a list it would fill the file
)


def check_names(config: object) -> None:
    """Look at the names of the object that ``read_params()`` gave.

    Raises:
        ConfigError: a name is not known, and nearly that of a field.
    """
    names = [name for name in dir(config) if not name.startswith("_")]
    others = sorted(set(names) - _KNOWN - set(EndpointParams.model_fields))
    for name in others:
        meant = None if name in _PADDLEOCR else closest(name, _KNOWN, cutoff=_SLIP)
        if meant is not None:
            raise ConfigError(f"params.py: {name} is not known. Did you mean {meant}?")
    _say("PaddleOCR's names that have no effect here", tuple(name for name in others if name in _PADDLEOCR))
    _say("unknown names, without effect", tuple(name for name in others if name not in _PADDLEOCR))


@lru_cache(maxsize=32)
def _say(what: str, names: tuple[str, ...]) -> None:
    """Say it once in a process: each step of a pipeline reads the same params.py."""
    if names:
        log.info("params.py: %s: %s", what, ", ".join(names))
