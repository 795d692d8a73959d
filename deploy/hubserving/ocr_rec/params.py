"""Parameters of ocr_rec: edit, then uninstall, install and start again.

The names and values are PaddleOCR's.
"""

from __future__ import annotations


class Config:
    #: Text recognition: a weights name or a local folder.
    rec_algorithm = "CRNN"
    rec_model_dir = "PP-OCRv4_mobile_rec"
    rec_image_shape = "3, 48, 320"
    rec_batch_num = 6
    max_text_length = 25

    #: A path, or the name of a file beside the model.
    rec_char_dict_path = "ppocr_keys_v1.txt"
    use_space_char = True


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
