"""``Serving`` of a pipeline's file: pictures in replies, and how much of a document is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hub.paddlex.ocr_file import OCRFile, PreprocessorFile, ServingExtra, ServingSection

#: The largest picture in a reply, where the file sets no limit.
_LARGEST_JPEG: Final = (65500, 65500)

File = OCRFile | PreprocessorFile


def init_args(file: File) -> dict[str, Any]:
    """Return what it says as arguments of ``ocr_pipeline``."""
    if file.Serving is None:
        return {}
    section, extra = _read(file)
    args: dict[str, Any] = {"visualize": section.visualize}
    if "max_num_input_imgs" in extra.model_fields_set:
        args["max_num_input_imgs"] = extra.max_num_input_imgs
    if "max_output_img_size" in extra.model_fields_set:
        args["max_output_img_size"] = list(extra.max_output_img_size or _LARGEST_JPEG)
    return args


def unsupported(file: File) -> Iterator[str]:
    """Yield what only PaddleX itself does: pictures behind URLs."""
    section, extra = _read(file)
    if section.return_urls or extra.return_img_urls:
        yield "Serving.return_urls: pictures come in the reply"
    storage = (extra.file_storage or {}).get("type", "memory")
    if storage != "memory":
        yield f"Serving.extra.file_storage is {storage}: pictures are kept nowhere"


def ignored_keys(file: File) -> Iterator[str]:
    """Yield the keys that have no effect here, by their paths."""
    for key in ("file_storage", "index_storage", "url_expires_in"):
        if key in _read(file)[1].model_fields_set:
            yield f"Serving.extra.{key}"


def _read(file: File) -> tuple[ServingSection, ServingExtra]:
    section = file.Serving or ServingSection()
    return section, section.extra or ServingExtra()
