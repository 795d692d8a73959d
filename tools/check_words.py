"""Find words that read translated, in docstrings, comments, messages and documents:  ``make lint`` runs it.

Each rule names the better word. A quotation of somebody else's text is excused by ``(sic)`` on its line.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What is read. The modules of others, and what tests say to themselves, are not.
PLACES = ("hub/**/*.py", "tools/*.py", "deploy/hubserving/**/*.py", "modules/**/*.py", "*.md", "doc/**/*.md")
#: Chinese documents, and what records the past.
LEFT_OUT = (
    "README_zh.md",
    "doc/tutorial_zh.md",
    "CHANGELOG.md",
    "hub/paddlex/sdk/templates",
    "tools/check_words.py",
)
RULES = [
    (r"\bcome[s]? along\b", "is bundled"),
    (r"\b(?<!by the )doors?\b", "protocol"),
    (r"\bmend(s|ed|ing)?\b", "patch, fix"),
    (r"(?<!there )(?<!There )\b(is|are) no (?!longer|more|other|such|network|need)[a-z]", "is not a"),
    (r"\bwhat is none\b", "anything else"),
    (r"(?:^|[.;:] )(What|Whoever|Whether) [^?]*$", "begin with the subject"),
    (r"\blies\b(?! (?:about|to))", "is, is located"),
    (r"\bis not exists\b", "does not exist"),
    (r"\b(surroundings|homes) of a module\b", "environment"),
    (r"\bof its own accord\b", "by itself"),
    (r"\bspeaks? of\b", "names, mentions"),
    (r"\bsees? to (it|the rest)\b", "does"),
    (r"\bhas it that\b", "says"),
    (r"\bby and by\b", "gradually"),
    (r"\bby all doors\b", "by every protocol"),
]
COMPILED = [(re.compile(pattern), better) for pattern, better in RULES]


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are prose, with their numbers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        is_code = False
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("```"):
                is_code = not is_code
            elif not is_code and not line.startswith("#"):
                yield number, re.sub(r"`[^`]*`", "``", line)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#: ")
        elif token.type == tokenize.STRING and " " in token.string:
            for number, line in enumerate(token.string.splitlines()):
                yield token.start[0] + number, re.sub(r"``[^`]*``", "``", line.strip(" \"'"))


def findings(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, word and better word."""
    for number, line in prose(path):
        if "(sic)" in line:
            continue
        for pattern, better in COMPILED:
            if found := pattern.search(line):
                yield number, found[0].strip(), better


def files(root: Path) -> Iterator[Path]:
    """Yield the files that are read."""
    for place in PLACES:
        for path in sorted(root.glob(place)):
            if not path.relative_to(root).as_posix().startswith(LEFT_OUT):
                yield path


def main() -> int:
    parser = argparse.ArgumentParser(description="Find words that read translated.")
    parser.add_argument("--checkout", type=Path, default=ROOT)
    root = parser.parse_args().checkout.resolve()
    count = 0
    for path in files(root):
        for number, word, better in findings(path):
            print(f"{path.relative_to(root)}:{number}: {word!r}: {better}")
            count += 1
    print(f"{count} words of the list", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
