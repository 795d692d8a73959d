"""Parameters of ocr_det: edit, then uninstall, install and start again.

The names are PaddleOCR's. Add those that you want to set: the others are the model's own, else PaddleOCR's
defaults. doc/ocr.md lists them, and "params" in init_args sets them without an edit.
"""

from __future__ import annotations


class Config:
    #: Text detection: a weights name ("hub weights list") or a local folder.
    det_model_dir = "PP-OCRv6_small_det"

    # Rules that are not PaddleOCR's. With "parity" they have no effect: all are PaddleOCR's.
    long_in_slices = True  # False: a long picture is scaled down as a whole
    det_db_max_candidates = None  # pieces of text that are looked at in a picture; None: all


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
