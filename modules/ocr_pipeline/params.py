"""Parameters of ocr_pipeline: edit, then uninstall, install and start again.

The values are those of PaddleX's OCR pipeline, the names PaddleOCR's. Thresholds are the detector's own, else
PaddleX's. Requests override most of it for themselves, ``init_args`` (or a PaddleX pipeline file) all.
"""

from __future__ import annotations


class Config:
    #: Text detection: a weights name ("hub weights list") or a local folder.
    det_model_dir = "PP-OCRv6_small_det"
    det_limit_side_len = 64
    det_limit_type = "min"  # or "max", "resize_long"
    #: No side of what the model sees is longer, whatever the two above say.
    det_max_side_limit = 4000

    #: Text recognition: a weights name or a local folder.
    rec_model_dir = "PP-OCRv6_small_rec"
    rec_batch_num = 6

    #: Turn lines round that are upside down; a request may say otherwise.
    use_angle_cls = True
    #: Angle classification: a weights name or a local folder.
    cls_model_dir = "ch_ppocr_mobile_v2.0_cls"
    cls_image_shape = "3, 48, 192"
    label_list = ["0", "180"]  # noqa: RUF012 - PaddleOCR's form
    cls_batch_num = 30
    cls_thresh = 0.9

    #: Turn pages that are on their side or upside down before they are read; a request may say otherwise.
    page_orientation = False

    #: Lines read with less confidence are left out.
    drop_score = 0.0
    #: Replies say where words are, and bring pictures; a request may say otherwise.
    return_word_box = False
    visualize = True

    #: Pages of a PDF or TIFF that are read; None for all.
    max_num_input_imgs = 10
    #: Largest picture in a reply: width and height in pixels; None for any.
    max_output_img_size = (2000, 2000)

    #: A request may give a URL instead of a file. Private addresses are never fetched.
    allow_urls = False
    max_url_mb = 64.0
    url_timeout = 10.0


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
