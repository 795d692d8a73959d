"""Parameters of ocr_cls: edit, then uninstall, install and start again.

The names and values are PaddleOCR's.
"""

from __future__ import annotations


class Config:
    #: Angle classification: a weights name or a local folder.
    cls_model_dir = "ch_ppocr_mobile_v2.0_cls"
    cls_image_shape = "3, 48, 192"
    label_list = ["0", "180"]  # noqa: RUF012 - PaddleOCR's form
    cls_batch_num = 30
    cls_thresh = 0.9


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
