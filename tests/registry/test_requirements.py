"""A module's requirements.txt: read as pip reads it, compared with what is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import InvalidModuleError, RegistryError
from hub.registry.requirements import check, unmet

pytestmark = pytest.mark.unit


def write(folder: Path, text: str) -> Path:
    (folder / "requirements.txt").write_text(text)
    return folder


def test_a_distribution_is_listed_once_however_often_it_is_required(tmp_path: Path) -> None:
    text = "no-such-thing>=2\nNo_Such.Thing\n-r more.txt\nother-absent\n"
    (tmp_path / "more.txt").write_text("no_such_thing[extra]<3\nother.absent\n")
    assert [str(each) for each in unmet(write(tmp_path, text))] == [
        "no-such-thing[extra]<3,>=2 (not installed)",
        "other.absent (not installed)",
    ]


def test_what_is_there_is_met(tmp_path: Path) -> None:
    assert unmet(tmp_path) == []
    assert unmet(write(tmp_path, "click>=8\nPackaging\nopencv_python>1 # eyes\n\n# done\n")) == []


def test_what_is_missing_or_another_version_is_named(tmp_path: Path) -> None:
    found = unmet(write(tmp_path, "click<1\nno-such-thing[extra]>=2 ; python_version > '3'\n"))
    assert [each.requirement.split(";")[0] for each in found] == ["click<1", "no-such-thing[extra]>=2"]
    assert found[0].installed is not None
    assert found[1].installed is None


@pytest.mark.parametrize(
    "text",
    [
        "nothing-here; python_version < '3'",
        "--index-url https://example.org/simple\n-f wheels",
        "git+https://example.org/a.git",
        "./local/folder",
        "paddlehub>=2.0",
        "click>=8 \\\n  --hash=sha256:00",
    ],
    ids=["marker", "options", "git", "path", "answered by us", "hash"],
)
def test_lines_that_do_not_matter(tmp_path: Path, text: str) -> None:
    assert unmet(write(tmp_path, text)) == []


def test_included_files_count_and_may_include_themselves(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("-r requirements.txt\nno-such-thing\n")
    assert [str(each) for each in unmet(write(tmp_path, "-r more.txt"))] == ["no-such-thing (not installed)"]


def test_a_line_that_is_no_requirement_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidModuleError, match="'numpy = 3' is not a requirement"):
        unmet(write(tmp_path, "numpy = 3"))


def test_the_refusal_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(RegistryError) as refusal:
        check(write(tmp_path, "no-such-thing==3"), name="sample", shown_as=str(tmp_path))
    for words in (
        "no-such-thing==3 (not installed)",
        f"pip install -r {tmp_path}/requirements.txt",
        f"hub install --install_requirements {tmp_path}",
        f"hub install --isolated {tmp_path}",
    ):
        assert words in str(refusal.value)
