"""Explains a failure to load by a file that the module should have fetched itself.

PaddleHub's modules fetch their weights with ``wget`` when they are loaded. Without a network nothing is there
afterwards, or an empty file, which the module takes for the weights from then on (``EOFError``).
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

from hub.errors import HubError, ModelNotFoundError

_ADDRESS = re.compile(r"https?://[^\s'\"<>|;&]+")


@contextlib.contextmanager
def explaining(folder: Path, kinds: tuple[type[Exception], ...] = (Exception,)) -> Iterator[None]:
    """Raise the error that names a missing file instead of one of these kinds that it explains.

    Raises:
        ModelNotFoundError: a file of the module in ``folder`` is absent or empty.
    """
    try:
        yield
    except kinds as error:
        if explanation := explained(error, folder):
            raise explanation from error
        raise


def explained(error: Exception, folder: Path) -> ModelNotFoundError | None:
    """Return the error that names the file and its address; None where no file explains the failure."""
    cause = error.__cause__ if isinstance(error, HubError) else error
    if cause is None or isinstance(cause, HubError):
        return None
    addresses = _addresses(folder)
    problems = [*_empty_files(folder, cause, addresses), *_absent_files(folder, cause, addresses)]
    if not problems:
        return None
    return ModelNotFoundError(
        f"module {folder.name} lacks a file: {'; '.join(problems)}. "
        f"It failed with {type(cause).__name__}: {cause}"
    )


def _empty_files(folder: Path, cause: BaseException, addresses: dict[str, str]) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".py" or not file.is_file() or file.stat().st_size:
            continue
        if file.name in addresses:
            yield f"{file} is empty, its download failed; fetch {addresses[file.name]} and put it there"
        elif isinstance(cause, EOFError):
            yield f"{file} is empty; put the right one there, as the module's release has it"


def _absent_files(folder: Path, cause: BaseException, addresses: dict[str, str]) -> Iterator[str]:
    text = str(cause)
    for name, address in addresses.items():
        if name in text and not any(folder.rglob(name)):
            yield f"{name} is not there, its download failed; fetch {address} and put it where the error says"


def _addresses(folder: Path) -> dict[str, str]:
    """Return the addresses of files in the module's sources by the file's name."""
    found = {}
    for source in folder.rglob("*.py"):
        try:
            tree = ast.parse(source.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for address in _ADDRESS.findall(node.value):
                    name = Path(urlparse(address).path).name
                    if Path(name).suffix:
                        found[name] = address
    return found
