"""Put the hub's PP-OCRv4 weights into the form of the real PaddleX, with a pipeline file that names them.

    python tools/paddlex_models.py FOLDER

PaddleX reads a model from a folder if an ``inference.yml`` in it says how images are prepared and what the
answer means. FOLDER gets PP-OCRv4_mobile_det/, PP-OCRv4_mobile_rec/ and ocr.yaml, whose other values are
those of PaddleX's own OCR.yaml; then, without a network,

    paddlex --serve --pipeline FOLDER/ocr.yaml
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click
import yaml

from hub.registry.weights import fetch

DETECTOR, RECOGNISER = "PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec"
NORMALISE = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": "1./255.", "order": "hwc"}
DETECTION = {"thresh": 0.3, "box_thresh": 0.6, "unclip_ratio": 1.5}


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Write the models and ocr.yaml into FOLDER."""
    weights = fetch([DETECTOR, RECOGNISER])
    characters = (weights[RECOGNISER] / "ppocr_keys_v1.txt").read_text("utf-8").rstrip("\n").split("\n")
    before: list[Any] = [
        {"DetResizeForTest": {"resize_long": 960}},
        {"NormalizeImage": NORMALISE},
        {"ToCHWImage": None},
    ]
    _write(folder / DETECTOR, weights[DETECTOR], before, {"name": "DBPostProcess", **DETECTION})
    resize = {"RecResizeImg": {"image_shape": [3, 48, 320]}}
    decode = {"name": "CTCLabelDecode", "character_dict": characters}
    _write(folder / RECOGNISER, weights[RECOGNISER], [resize], decode)
    path = folder / "ocr.yaml"
    path.write_text(yaml.safe_dump(_pipeline(folder.resolve()), sort_keys=False), "utf-8")
    print(path)


def _write(target: Path, weights: Path, before: list[Any], after: dict[str, Any]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(weights, target)
    said = {
        "Global": {"model_name": target.name},
        "PreProcess": {"transform_ops": before},
        "PostProcess": after,
    }
    (target / "inference.yml").write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")


def _pipeline(folder: Path) -> dict[str, Any]:
    limits = {"limit_side_len": 64, "limit_type": "min", "max_side_limit": 4000}
    detection = {"module_name": "text_detection", "model_name": DETECTOR, "model_dir": str(folder / DETECTOR)}
    recognition = {
        "module_name": "text_recognition",
        "model_name": RECOGNISER,
        "model_dir": str(folder / RECOGNISER),
    }
    return {
        "pipeline_name": "OCR",
        "text_type": "general",
        "use_doc_preprocessor": False,
        "use_textline_orientation": False,
        "SubModules": {
            "TextDetection": {**detection, **limits, **DETECTION},
            "TextRecognition": {**recognition, "batch_size": 6, "score_thresh": 0.0},
        },
    }


if __name__ == "__main__":
    main()
