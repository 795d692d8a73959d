"""Parameters of ocr_system: edit, then uninstall, install and start again.

The names and values are PaddleOCR's.
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

    #: Text recognition: a weights name or a local folder.
    rec_algorithm = "CRNN"
    rec_model_dir = "PP-OCRv4_mobile_rec"
    rec_image_shape = "3, 48, 320"
    rec_batch_num = 6
    max_text_length = 25

    #: A path, or the name of a file beside the model.
    rec_char_dict_path = "ppocr_keys_v1.txt"
    use_space_char = True

    use_angle_cls = True
    #: Angle classification: a weights name or a local folder.
    cls_model_dir = "ch_ppocr_mobile_v2.0_cls"
    cls_image_shape = "3, 48, 192"
    label_list = ["0", "180"]  # noqa: RUF012 - PaddleOCR's form
    cls_batch_num = 30
    cls_thresh = 0.9

    #: Lines read with less confidence are left out.
    drop_score = 0.5


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
