"""Pipeline files for tests, as their users write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

OCR = """
pipeline_name: OCR
text_type: general
use_doc_preprocessor: False
use_textline_orientation: False
SubModules:
  TextDetection:
    module_name: text_detection
    model_name: PP-OCRv4_mobile_det
    model_dir: null
    limit_side_len: 64
    limit_type: min
    max_side_limit: 4000
    thresh: 0.3
    box_thresh: 0.6
    unclip_ratio: 1.5
  TextRecognition:
    module_name: text_recognition
    model_name: PP-OCRv4_mobile_rec
    model_dir: null
    batch_size: 6
    score_thresh: 0.0
"""

PREPROCESSOR = """
pipeline_name: doc_preprocessor
use_doc_orientation_classify: True
use_doc_unwarping: False
SubModules:
  DocOrientationClassify:
    module_name: doc_text_orientation
    model_name: PP-LCNet_x1_0_doc_ori
    model_dir: null
  DocUnwarping:
    module_name: image_unwarping
    model_name: UVDoc
    model_dir: null
"""

OLDER_OCR = """
Global:
  pipeline_name: OCR
  input: page.png
Pipeline:
  text_det_model: PP-OCRv4_mobile_det
  text_rec_model: PP-OCRv4_mobile_rec
  text_rec_batch_size: 4
  device: "cpu"
"""

CLASSIFIER = """
pipeline_name: image_classification
SubModules:
  ImageClassification:
    module_name: image_classification
    model_name: PP-LCNet_x0_5
    model_dir: null
    batch_size: 4
    topk: 5
"""


def changed(text: str, changes: dict[str, Any]) -> str:
    """A file with keys put in, by their path: ``{"Serving.visualize": False}``; None takes one out."""
    keys = yaml.safe_load(text)
    for path, value in changes.items():
        *above, key = path.split(".")
        place = keys
        for part in above:
            place = place.setdefault(part, {})
        if value is REMOVED:
            del place[key]
        else:
            place[key] = value
    return yaml.safe_dump(keys)


class _Removed:
    def __repr__(self) -> str:  # part of tests' names, which every worker must know alike
        return "REMOVED"


#: In ``changed``: the key is taken out.
REMOVED = _Removed()


def written(folder: Path, text: str, **changes: Any) -> str:
    """The path of a pipeline file with this text."""
    path = folder / "pipeline.yaml"
    path.write_text(changed(text, changes), encoding="utf-8")
    return str(path)
