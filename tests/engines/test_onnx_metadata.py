from __future__ import annotations

from pathlib import Path

import pytest

from hub.engines.onnx_metadata import read_metadata
from hub.errors import ModelNotFoundError

pytestmark = pytest.mark.unit


def field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes; its length is written in 7-bit pieces."""
    length, pieces = len(content), []
    while length >= 128:
        pieces.append(length & 127 | 128)
        length >>= 7
    return bytes([number << 3 | 2, *pieces, length]) + content


def entry(key: str, value: str) -> bytes:
    return field(14, field(1, key.encode()) + field(2, value.encode()))


def test_metadata_is_found_behind_the_graph(tmp_path: Path) -> None:
    ir_version, graph = b"\x08\x0a", field(7, b"\xff" * 100_000)
    (tmp_path / "a.onnx").write_bytes(ir_version + graph + entry("character", "一\n二") + entry("b", ""))
    assert read_metadata(tmp_path / "a.onnx") == {"character": "一\n二", "b": ""}


@pytest.mark.parametrize(
    "content", [b"nonsense that is no protobuf", field(7, b"x" * 50)[:20], b""], ids=repr
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(ModelNotFoundError, match=r"a\.onnx cannot be read as an ONNX model"):
        read_metadata(tmp_path / "a.onnx")
