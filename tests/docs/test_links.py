"""Links between documents lead somewhere; the site has every page."""

from __future__ import annotations

import functools
import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.serving.running import ROOT

#: What the site has pages of, so that a link to any other Markdown file is noticed here, too.
DOCUMENTS: list[Path] = sorted(runpy.run_path(str(ROOT / "tools" / "build_site.py"))["pages"]())
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|<(?:img|a) [^>]*(?:src|href)=\"([^\"]+)\"")


def links(document: Path) -> Iterator[str]:
    prose = re.sub(r"`[^`\n]+`", "", FENCED.sub("", document.read_text("utf-8")))
    for found in LINK.finditer(prose):
        yield found[1] or found[2]


@functools.cache
def anchors(document: Path) -> set[str]:
    """Of all headings, as code forges make them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text("utf-8")), re.MULTILINE):
        text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    dead = []
    for link in links(document):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (document.parent / path).resolve() if path else document
        alive = target.exists() and target.is_relative_to(ROOT)
        alive = alive and (target in DOCUMENTS or target.suffix != ".md")  # the site would have no such page
        if alive and anchor:
            alive = anchor in anchors(target)
        if not alive:
            dead.append(link)
    assert not dead


def test_the_check_notices_a_dead_link_and_a_dead_anchor(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# One `two`, 三\n\n[x](b.md#y) and `[no](c.md)`\n\n```\n[no](d.md)\n```\n", "utf-8")
    assert list(links(document)) == ["b.md#y"]
    assert anchors(document) == {"one-two-三"}


def test_every_document_is_in_the_site_s_navigation_and_in_the_list_of_documents() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    listed = (ROOT / "doc" / "README.md").read_text("utf-8")
    for document in DOCUMENTS:
        name = document.relative_to(ROOT).as_posix()
        assert f": {name}\n" in navigation, f"mkdocs.yml has no {name}"
        inside = name.removeprefix("doc/")
        if inside not in (name, "README.md"):
            assert f"({inside})" in listed, f"doc/README.md has no {inside}"


@pytest.fixture(scope="module")
def clean_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout without anything that it ignores, such as what commands have left in it."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is not a git checkout")
    clone = tmp_path_factory.mktemp("clone")
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    return clone


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(find_spec("zensical") is None, reason="needs the extra docs: make docs installs it")
def test_the_site_is_built_in_a_clean_clone_and_loads_nothing_from_elsewhere(clean_clone: Path) -> None:
    done = subprocess.run(
        [sys.executable, "tools/build_site.py"], cwd=clean_clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    site = clean_clone / "build" / "site" / "html"
    pages = list(site.rglob("index.html"))
    assert len(pages) == len(DOCUMENTS)
    for page in pages:
        loaded = re.findall(
            r"<(?:script|img|link)[^>]* (?:src|href)=\"(https?:[^\"]+)\"", page.read_text("utf-8")
        )
        assert not loaded, page
