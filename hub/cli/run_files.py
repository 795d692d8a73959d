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
from typing import Any

from hub import envelope, output, text_file
from hub.errors import ConfigError, UsageError
from hub.module.arguments import FileKind


@dataclass(frozen=True)
class Decoding:
    """How the files of a module are decoded that takes decoded images.

    Attributes:
        pages: which pages of documents, as in a request.
        documents: the module takes documents.
    """

    pages: Any
    documents: bool


@dataclass(frozen=True)
class Named:
    """A file that the command line names, and the values that the module gets for it.

    Attributes:
        values: of an image or document one, of a text one per line.
    """

    path: str
    values: list[Any]


def read(paths: Sequence[str], kind: FileKind, decoding: Decoding | None) -> list[Named]:
    """Return what of each file is passed: images, paths, or the lines of texts; raises UsageError.

    Without ``decoding`` images are base64, as in a request.
    """
    for path in paths:
        if Path(path).is_dir():
            raise UsageError(f"--input_path {path} is a folder; hub predict calls a module for its files")
        if not Path(path).is_file():
            raise UsageError(f"--input_path {path} is not a file; a text is given with --input_text TEXT")
    if kind == "image":
        values = _base64(paths) if decoding is None else _decoded(paths, decoding)
        return [Named(path, [value]) for path, value in zip(paths, values, strict=True)]
    if kind == "path":
        return [Named(path, [path]) for path in paths]
    return [Named(path, lines(path)) for path in paths]


def _base64(paths: Sequence[str]) -> list[Any]:
    """Return files as in a request, for modules that decode images themselves."""
    return [base64.b64encode(Path(path).read_bytes()).decode() for path in paths]


def _decoded(paths: Sequence[str], how: Decoding) -> list[Any]:
    """Return decoded images; what is left out of one is said, one that cannot be read is an error."""
    from hub.pictures.pages import Reader, checked

    reader = Reader(checked(how.pages), reads_documents=how.documents)
    images = [reader.read(Path(path).read_bytes(), path) for path in paths]
    if reader.failures:
        raise UsageError("--input_path: " + "; ".join(reader.failures))
    for note in reader.notes:
        print(note, file=sys.stderr)
    return images


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
