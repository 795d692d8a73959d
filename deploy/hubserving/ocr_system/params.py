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

    # Rules of reading that are not PaddleOCR's. With "parity" they have no effect: all are PaddleOCR's.
    order_by_lines = True  # False: tops less than ten pixels apart are one line
    upright_characters = True  # False: what is half as high again as wide is turned, a "1" too
    turn_pages = True  # False: a page upside down is read from its bottom
    long_in_slices = True  # False: a long picture is scaled down as a whole
    det_db_max_candidates = None  # pieces of text that are looked at in a picture; None: all
    right_to_left = "letters"  # or "dictionary": if its name contains "arabic"


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
