"""Text files are UTF-8 whatever the locale, and one that is not is refused in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub import text_file
from hub.errors import ConfigError
from hub.paddlex import document
from hub.serving.config import server_config
from hub.serving.config.api_keys import read_api_keys

pytestmark = pytest.mark.unit

CONFIG = '{"modules_info": {"echo": {"init_args": {"prefix": "证书"}}}}'
KEYS = "客户:0123456789abcdef01\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_read_with_a_byte_order_mark_and_without(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "config.json").write_text(CONFIG, encoding=encoding)
    (tmp_path / "keys").write_text(KEYS, encoding=encoding)
    config = server_config.from_file(tmp_path / "config.json")

    assert config.modules_info["echo"].init_args == {"prefix": "证书"}
    assert read_api_keys(tmp_path / "keys") == {"客户": "0123456789abcdef01"}


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("gbk", "GBK"),
        ("gb18030", "GBK"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_another_encoding_is_named_with_the_file_in_one_line(
    tmp_path: Path, encoding: str, named: str
) -> None:
    files = {
        "config.json": (CONFIG, server_config.from_file),
        "config.yaml": ("modules_info: {echo: {init_args: {prefix: 证书}}}", server_config.from_file),
        "keys": (KEYS, read_api_keys),
        "pipeline.yaml": ("pipeline_name: OCR\n# 证书\n", document.read),
    }
    for name, (text, read) in files.items():
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        with pytest.raises(ConfigError) as refused:
            read(path)
        said = str(refused.value)

        assert str(path) in said
        assert f"is in {named}, not in UTF-8; save it as UTF-8" in said
        assert "\n" not in said


def test_an_encoding_that_cannot_be_told_is_named_by_the_line() -> None:
    with pytest.raises(ConfigError, match=r"a\.json is not UTF-8 text \(line 2\); save it as UTF-8"):
        text_file.decoded("{\n'é tude'}".encode("latin-1"), "a.json")


def test_the_locale_makes_no_difference(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(KEYS, encoding="utf-8")
    script = (
        "import sys; from pathlib import Path; from hub.serving.config.api_keys import read_api_keys;"
        "print(ascii(list(read_api_keys(Path(sys.argv[1])))))"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", script, tmp_path / "keys"],
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == ascii(["客户"]), done.stderr
