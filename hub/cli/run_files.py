"""The files of ``hub run``: what of them is passed to the module, and how the results for them are printed.

Standard library only: it runs in a module's own environment, too.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub import envelope, output, text_file
from hub.errors import ConfigError, InvalidInputError, UsageError
from hub.module.arguments import FileKind

#: All pages of a PDF are passed at once, 6 MB each.
MAX_PDF_PAGES: Final = 100


@dataclass(frozen=True)
class Named:
    """A file that the command line names, and the values that the module gets for it.

    Attributes:
        values: of an image one, of a PDF one per page, of a text one per line.
    """

    path: str
    values: list[Any]


def read(paths: Sequence[str], kind: FileKind, *, decoded: bool) -> list[Named]:
    """Return what of each file is passed: images, paths, or the lines of texts; raises UsageError.

    ``decoded`` images are uint8 arrays (height, width, 3), BGR; others base64, as in a request.
    """
    for path in paths:
        if not Path(path).is_file():
            raise UsageError(f"--input_path {path} is not a file; a text is given with --input_text TEXT")
    if kind == "image":
        return [Named(path, _images(path, decoded)) for path in paths]
    if kind == "path":
        return [Named(path, [path]) for path in paths]
    return [Named(path, lines(path)) for path in paths]


def _images(path: str, decoded: bool) -> list[Any]:
    data = Path(path).read_bytes()
    if not decoded:
        return [base64.b64encode(data).decode()]
    if data.startswith(b"%PDF-"):
        return _pages(path, data)
    import cv2
    import numpy as np

    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if array is None:
        raise UsageError(f"--input_path {path} is not an image that can be read")
    return [array]


def _pages(path: str, data: bytes) -> list[Any]:
    from hub import settings
    from hub.ocr.documents import open_document

    try:
        with open_document(data, "pdf", settings.max_pixels()) as document:
            if document.total > MAX_PDF_PAGES:
                raise UsageError(
                    f"{path} has {document.total} pages, and hub run reads {MAX_PDF_PAGES} at most; split "
                    "it, or send it to a server: hub serving start -m ocr_pipeline"
                )
            return [document.page(number) for number in range(document.total)]
    except InvalidInputError as error:
        raise UsageError(f"{path}: {error}") from error


def lines(path: str) -> list[str]:
    """Return the lines of a file of texts, without empty ones; raises UsageError."""
    try:
        found = text_file.read(path, "the file of texts").splitlines()
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return [line for line in found if line.strip()]


def show(result: Any, files: Sequence[Named], *, as_json: bool) -> None:
    """Print what a module returned.

    ``as_json``: a line for each of the files, as ``hub predict`` writes it. Otherwise the text that was found
    in them, under their names if there are several; a result without text is JSON.

    Args:
        result: what the method returned.
        files: those whose values were all that it was called with; empty where there was something else.
        as_json: see above.
    """
    try:
        sent = envelope.loads(envelope.dumps(result))
    except TypeError:  # what a server could not send, as Python shows it
        print(result)
        return
    by_file = _by_file(sent, files)
    if as_json:
        each: list[dict[str, Any]] = [{"file": file.path, "results": found} for file, found in by_file]
        if not each:
            each = [{"file": files[0].path, "results": sent} if len(files) == 1 else {"results": sent}]
        print("\n".join(_json(line, indent=None) for line in each))
        return
    texts = [(file.path, list(_texts(found))) for file, found in by_file]
    if not texts or not all(isinstance(text, str) for _, found in texts for text in found):
        print(_json(sent, indent=1))
        return
    if not any(found for _, found in texts):
        print("Nothing was found.", file=sys.stderr)
    for path, found in texts:
        for line in [f"==> {path} <==", *found] if len(texts) > 1 else found:
            print(line)


def _by_file(sent: Any, files: Sequence[Named]) -> list[tuple[Named, list[Any]]]:
    """Pair each file with its results, one per value; nothing where the results are not one per value."""
    count = sum(len(file.values) for file in files)
    if not isinstance(sent, list) or not files or len(sent) != count:
        return []
    rest = iter(sent)
    return [(file, [next(rest) for _ in file.values]) for file in files]


def _texts(results: Sequence[Any]) -> Iterator[str | None]:
    """Return the lines of text in results of OCR; None for whatever is something else."""
    for found in results:
        lines_of = found.get("lines") if isinstance(found, dict) else found
        for line in lines_of if isinstance(lines_of, list) else [None]:
            yield line.get("text") if isinstance(line, dict) else None


def _json(value: Any, *, indent: int | None) -> str:
    return json.dumps(value, ensure_ascii=not output.is_unicode(sys.stdout), indent=indent)
