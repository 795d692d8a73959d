"""A terminal that a document's commands are typed into: one bash for all of them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping
from pathlib import Path


class Terminal:
    """One bash; a command that fails ends it."""

    def __init__(self, folder: Path, environment: Mapping[str, str], errors: Path) -> None:
        self._errors = errors
        with errors.open("w") as stderr:
            self._bash = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail"],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self._number = 0

    def run(self, commands: str) -> str:
        """Type commands; what they print to stdout."""
        assert self._bash.stdin and self._bash.stdout
        self._number += 1
        end = f"=== end of {self._number} ==="
        with contextlib.suppress(BrokenPipeError):  # it ended: read what it said
            self._bash.stdin.write(f"{{\n{commands}\n}} < /dev/null\necho; echo '{end}'\n")
            self._bash.stdin.flush()
        lines: list[str] = []
        for line in self._bash.stdout:
            if line.rstrip("\n") == end:
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"{commands}\nfailed: {''.join(lines)}\n{self._errors.read_text()}")

    def write(self, path: str, text: str) -> None:
        """Write a file, from where the terminal is."""
        self.run(f"cat > {path} <<'END_OF_FILE'\n{text}END_OF_FILE")

    def close(self) -> None:
        assert self._bash.stdin and self._bash.stdout
        with contextlib.suppress(BrokenPipeError):
            self._bash.stdin.close()
        self._bash.stdout.close()
        self._bash.wait(10)
