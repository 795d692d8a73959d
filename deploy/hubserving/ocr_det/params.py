"""Parameters of ocr_det: edit, then uninstall, install and start again.

The names and values are PaddleOCR's: its ocr_det in fact ran with those of ocr_system, which
therefore stand here (box threshold 0.5 and unclip ratio 1.6, not 0.6 and 1.5).
"""

from __future__ import annotations


class Config:
    #: Text detection: a weights name ("hub weights list") or a local folder.
    det_algorithm = "DB"
    det_model_dir = "PP-OCRv4_mobile_det"
    det_limit_side_len = 960
    det_limit_type = "max"  # or "min", "resize_long"

    # DB's thresholds: of a pixel, of a box, and how far a box grows.
    det_db_thresh = 0.3
    det_db_box_thresh = 0.5
    det_db_unclip_ratio = 1.6
    use_dilation = False
    det_db_score_mode = "fast"  # or "slow"


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
