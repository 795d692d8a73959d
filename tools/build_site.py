"""Build the documents' web site: ``make docs``, into build/site/html.

    python tools/build_site.py

The Markdown files are put into build/site/source where they lie in the repository, with the files that they
link to. Then Zensical builds the site by mkdocs.yml; a link that leads nowhere fails the build.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "build" / "site" / "source"
PAGES = ("*.md", "doc/**/*.md", "modules/*/README.md")
LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def main() -> int:
    """Build the site; the exit code."""
    shutil.rmtree(SOURCE.parent, ignore_errors=True)
    for path in sorted({*pages(), *linked_files()}):
        target = SOURCE / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run([*command, "-f", str(ROOT / "mkdocs.yml")], cwd=ROOT, check=False).returncode


def pages() -> Iterator[Path]:
    """All Markdown files that become pages."""
    for pattern in PAGES:
        yield from ROOT.glob(pattern)


def linked_files() -> Iterator[Path]:
    """Files that are no pages and that pages show or link to; what is missing is for the build to report."""
    for page in pages():
        for link in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
            path = (page.parent / link).resolve()
            if path.is_file() and path.is_relative_to(ROOT) and path.suffix != ".md":
                yield path


if __name__ == "__main__":
    sys.exit(main())
