"""Pipelines of documents, on the networks of ``export_documents.py``."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from tests.paddlex_bridge.tiny import Tiny, one
from tests.serving.pictures import encode, text_of


def page(*dark: int, colour: tuple[int, int, int] = (100, 100, 100)) -> Image.Image:
    """Draw a page with bright bars as lines of text; the ``dark`` quarters are black."""
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[:] = colour
    for top in (16, 36, 76, 96):
        pixels[top : top + 8, 10:70] = pixels[top : top + 8, 95:150] = (250, 250, 130 + top)
    for quarter in dark:
        row, column = divmod(quarter, 2)
        pixels[60 * row : 60 * row + 60, 80 * column : 80 * column + 80] = 0
    return Image.fromarray(pixels)


def several(kind: str) -> str:
    """Two pages in one file."""
    target = io.BytesIO()
    page().save(target, kind, save_all=True, append_images=[page(0)])
    return text_of(target.getvalue())


PAGES = {
    "a page": text_of(encode(page())),
    "a page in JPEG": text_of(encode(page(), "JPEG")),
    "a page with a dark half": text_of(encode(page(2, 3))),
    "a dark corner": text_of(encode(page(1))),
    "a blue page": text_of(encode(page(colour=(60, 60, 120)))),
    "a green page": text_of(encode(page(colour=(80, 120, 80)))),
    "a red page": text_of(encode(page(colour=(120, 70, 70)))),
    "two pages": several("TIFF"),
}
#: What is on each document's request, in further ones.
FURTHER = {"a PDF": {"file": several("PDF"), "fileType": 0}}
WRONG = {"a kind of file that there is not": {"fileType": 7}, "no kind": {"fileType": None}}
LAYOUT = ("layoutThreshold", 0.8, "half")


def document(models: dict[str, Any], parameter: tuple[str, Any, Any], **more: Any) -> Tiny:
    given = {"field": "file", "files": PAGES, "more": {"fileType": 1}, "good": FURTHER, "bad": WRONG}
    return Tiny(models, parameter, **{**given, **more})


def ocr(generation: str, reads: str, *, turns: bool = False, **detects: Any) -> dict[str, Any]:
    """Return the keys of the pipeline that reads text."""
    thresholds = {"limit_side_len": 64, "limit_type": "min", "thresh": 0.3, "box_thresh": 0.4}
    models = {
        **one("TextDetection", f"{generation}_server_det", **thresholds, unclip_ratio=1.5, **detects),
        **one("TextRecognition", reads, score_thresh=0.0),
    }
    if turns:
        models |= one("TextLineOrientation", "PP-LCNet_x1_0_textline_ori")
    return {
        "pipeline_name": "OCR",
        "text_type": "general",
        "use_doc_preprocessor": False,
        "use_textline_orientation": turns,
        "SubModules": models,
    }


def seals(name: str = "PP-OCRv4_server_rec") -> dict[str, Any]:
    """Return the keys of the pipeline that reads seals."""
    found = one("TextDetection", "PP-OCRv4_server_seal_det", limit_side_len=64, limit_type="min")
    read = ocr("PP-OCRv4", name)
    return {**read, "text_type": "seal", "SubModules": {**read["SubModules"], **found}}


PREPARED: dict[str, Any] = {
    "pipeline_name": "doc_preprocessor",
    "use_doc_orientation_classify": True,
    "use_doc_unwarping": True,
    "SubModules": {
        **one("DocOrientationClassify", "PP-LCNet_x1_0_doc_ori"),
        **one("DocUnwarping", "UVDoc"),
    },
}
OLDER_OCR = ocr("PP-OCRv4", "PP-OCRv4_server_rec_doc")
NEWER_OCR = ocr("PP-OCRv5", "PP-OCRv5_server_rec", turns=True)
ALONE = {"use_layout_detection": False, "use_doc_preprocessor": False}
TABLES: dict[str, Any] = {
    **one("TableClassification", "PP-LCNet_x1_0_table_cls"),
    **one("TableOrientationClassify", "PP-LCNet_x1_0_doc_ori"),
    **one("WiredTableStructureRecognition", "SLANeXt_wired"),
    **one("WirelessTableStructureRecognition", "SLANeXt_wireless"),
    **one("WiredTableCellsDetection", "RT-DETR-L_wired_table_cell_det"),
    **one("WirelessTableCellsDetection", "RT-DETR-L_wireless_table_cell_det"),
}
OLDER_TABLE = {
    "pipeline_name": "table_recognition",
    **ALONE,
    "use_ocr_model": False,
    "SubModules": one("TableStructureRecognition", "SLANet_plus"),
}
SEALS = {"pipeline_name": "seal_recognition", **ALONE, "SubPipelines": {"SealOCR": seals()}}


def formulas(name: str) -> dict[str, Any]:
    """Return the keys of the pipeline that reads formulas."""
    return {"pipeline_name": "formula_recognition", **ALONE, "SubModules": one("FormulaRecognition", name)}


WHOLE = {"use_doc_preprocessor": True, "use_layout_detection": True}

DOCUMENTS: dict[str, Tiny] = {
    "seal_recognition": document(
        one("LayoutDetection", "PP-DocLayout-L", threshold=0.5),
        ("sealDetThresh", 0.6, "half"),
        settings=WHOLE,
        parts={"DocPreprocessor": PREPARED, "SealOCR": seals()},
    ),
    "formula_recognition": document(
        {
            **one("LayoutDetection", "PP-DocLayout_plus-L", threshold=0.5),
            **one("FormulaRecognition", "PP-FormulaNet_plus-M"),
        },
        LAYOUT,
        settings=WHOLE,
        parts={"DocPreprocessor": PREPARED},
    ),
    "table_recognition": document(
        {
            **one("LayoutDetection", "PP-DocLayout-L"),
            **one("TableStructureRecognition", "SLANet_plus"),
        },
        ("useOcrResultsWithTableCells", True, "half"),
        settings={**WHOLE, "use_ocr_model": True},
        parts={"DocPreprocessor": PREPARED, "GeneralOCR": OLDER_OCR},
    ),
    "table_recognition_v2": document(
        {**one("LayoutDetection", "PP-DocLayout-L"), **TABLES},
        ("useE2eWiredTableRecModel", True, "half"),
        settings={**WHOLE, "use_ocr_model": True},
        parts={"DocPreprocessor": PREPARED, "GeneralOCR": OLDER_OCR},
    ),
    "layout_parsing": document(
        one("LayoutDetection", "RT-DETR-H_layout_17cls"),
        LAYOUT,
        settings={
            "use_doc_preprocessor": True,
            "use_seal_recognition": True,
            "use_table_recognition": True,
            "use_formula_recognition": True,
        },
        parts={
            "DocPreprocessor": PREPARED,
            "GeneralOCR": ocr("PP-OCRv4", "PP-OCRv4_server_rec"),
            "TableRecognition": OLDER_TABLE,
            "SealRecognition": SEALS,
            "FormulaRecognition": formulas("PP-FormulaNet-L"),
        },
    ),
    "PP-StructureV3": document(
        {
            **one("LayoutDetection", "PP-DocLayout_plus-L", threshold={0: 0.5, 2: 0.4}),
            **one("RegionDetection", "PP-DocBlockLayout", layout_nms=True, layout_merge_bboxes_mode="small"),
        },
        LAYOUT,
        settings={
            "use_doc_preprocessor": True,
            "use_seal_recognition": True,
            "use_table_recognition": True,
            "use_formula_recognition": True,
            "use_chart_recognition": False,
            "use_region_detection": True,
            "format_block_content": False,
        },
        parts={
            "DocPreprocessor": PREPARED,
            "GeneralOCR": NEWER_OCR,
            "TableRecognition": {
                "pipeline_name": "table_recognition_v2",
                **ALONE,
                "use_ocr_model": False,
                "SubModules": TABLES,
                "SubPipelines": {"GeneralOCR": NEWER_OCR},
            },
            "SealRecognition": SEALS,
            "FormulaRecognition": formulas("PP-FormulaNet_plus-L"),
        },
    ),
}
