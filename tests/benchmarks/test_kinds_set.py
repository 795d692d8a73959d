"""The labelled set by kind: what a seed draws, and what happens where a typeface cannot be had."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import hub
from benchmarks.kinds_set import KINDS, draw_set
from benchmarks.kinds_typefaces import MissingTypefaceError, Package, Typeface, Typefaces
from hub.registry.weights import fetch


class OneTypeface(Typefaces):
    """Has the same file for every typeface."""

    def __init__(self) -> None:
        fetch(["NotoSansCJKsc"])
        super().__init__(Path())
        (self.file,) = (path for path in Path(hub.model_path("NotoSansCJKsc")).rglob("*.[ot]tf"))

    def path(self, face: Typeface) -> Path:
        return self.file


def draw(folder: Path, seed: int = 1, names: tuple[str, ...] = ("hei", "table", "tilt")) -> dict[str, Any]:
    kinds = {name: replace(KINDS[name], faces=(Typeface("any", "any.ttf"),)) for name in names}
    return draw_set(folder, seed, kinds=kinds, typefaces=OneTypeface(), pages=1, characters=1)


@pytest.mark.models
def test_a_seed_draws_the_same_pages_again_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (draw(tmp_path / str(i), seed) for i, seed in enumerate((1, 1, 2)))

    assert first == again
    assert first["digest"] != other["digest"]
    assert json.loads((tmp_path / "0" / "labels.json").read_text("utf-8")) == first


@pytest.mark.models
def test_a_kind_has_the_same_pages_whatever_else_is_drawn(tmp_path: Path) -> None:
    draw(tmp_path / "alone", names=("tilt",))
    draw(tmp_path / "among")

    one, other = (tmp_path / folder / "tilt_001.jpg" for folder in ("alone", "among"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.models
@pytest.mark.parametrize("name", ["hei", "Latin mono", "columns kai", "tilt", "small", "low resolution"])
def test_all_ink_of_a_page_is_in_the_rows_of_its_label(tmp_path: Path, name: str) -> None:
    pages = draw(tmp_path, names=(name,))["kinds"][name]["pages"]

    for file, rows in pages.items():
        picture = cv2.imread(str(tmp_path / file), cv2.IMREAD_GRAYSCALE)
        paper = int(np.median(picture))
        assert (picture < paper - 60).any()
        for row in rows:
            cv2.fillPoly(picture, [np.array(row["box"], np.int32)], paper)
        assert not (picture < paper - 60).any()


@pytest.mark.unit
def test_a_kind_whose_only_typeface_is_missing_is_told_and_not_drawn(tmp_path: Path) -> None:
    nowhere = Typefaces(tmp_path / "typefaces", {"fonts-no-such": Package("1", "0" * 64)})
    kinds = {"hei": replace(KINDS["hei"], faces=(Typeface("fonts-no-such", "a.ttf"),))}

    said = draw_set(tmp_path / "pages", kinds=kinds, typefaces=nowhere)

    assert said["kinds"] == {}
    assert "fonts-no-such=1" in said["missing"]["hei"]


def with_apt_get(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    folder.mkdir()
    program = folder / "apt-get"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.unit
def test_a_package_with_another_digest_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_apt_get(tmp_path / "bin", monkeypatch, "echo other > fonts.deb")
    typefaces = Typefaces(tmp_path / "typefaces", {"fonts-any": Package("1", "0" * 64)})

    with pytest.raises(MissingTypefaceError, match=hashlib.sha256(b"other\n").hexdigest()):
        typefaces.path(Typeface("fonts-any", "a.ttf"))

    assert not list((tmp_path / "typefaces").rglob("*.deb"))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("script", "told"),
    [("echo 'E: no network' >&2; exit 100", "E: no network"), ("exit 0", "left no package")],
)
def test_a_package_that_does_not_come_is_missing_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    with_apt_get(tmp_path / "bin", monkeypatch, script)
    typefaces = Typefaces(tmp_path / "typefaces", {"fonts-any": Package("1", "0" * 64)})

    with pytest.raises(MissingTypefaceError, match=told):
        typefaces.path(Typeface("fonts-any", "a.ttf"))
