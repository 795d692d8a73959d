"""Parameters of ocr_system: edit, then uninstall, install and start again.

The names are PaddleOCR's. Add those that you want to set: the others are the model's own, else PaddleOCR's
defaults. doc/ocr.md lists them, and "params" in init_args sets them without an edit.
"""

from __future__ import annotations


class Config:
    #: Text detection: a weights name ("hub weights list") or a local folder.
    det_model_dir = "PP-OCRv6_small_det"

    #: Text recognition: a weights name or a local folder. Its dictionary is inside, or rec_char_dict_path.
    rec_model_dir = "PP-OCRv6_small_rec"

    #: Angle classification: a weights name or a local folder; use_angle_cls = False does without.
    cls_model_dir = "ch_ppocr_mobile_v2.0_cls"


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
