"""examples/clients: each program reads a picture's text from a real server, and says what went wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.blocks import read
from tests.serving.pictures import png
from tests.serving.running import ROOT, Server, free_port

CLIENTS = ROOT / "examples" / "clients"
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = str(Path(__file__).parent / "modules" / "ocr_system")
    with Server(
        tmp_path_factory.mktemp("home"), {"ocr_system": {"init_args": {"directory": directory}}}
    ) as running:
        yield running


@dataclass(frozen=True)
class Program:
    """What runs it, the ``tools`` that it needs, what makes it; OUT is what was made."""

    run: str
    tools: str = ""
    make: str = ""
    headers: str = ""
    files: tuple[Path, ...] = ()

    def missing(self) -> str | None:
        """What this machine lacks for it."""
        for tool in self.tools.split():
            if not shutil.which(tool):
                return tool
        for header in self.headers.split():
            asked = ["g++", "-E", "-include", header, "-x", "c++", "/dev/null"]
            if subprocess.run(asked, capture_output=True, check=False).returncode:
                return header
        return next((str(file) for file in self.files if not file.exists()), None)


GSON = Path("/usr/share/java/gson.jar")  # Debian's libgoogle-gson-java
PROGRAMS = {
    "read_text.sh": Program("sh read_text.sh", "sh curl jq"),
    "read_text.py": Program(f"{sys.executable} read_text.py"),
    "read_text.mjs": Program("node read_text.mjs", "node"),
    "read_text.php": Program("php read_text.php", "php"),
    "ReadText.java": Program(f"java -cp {GSON} ReadText.java", "java javac", files=(GSON,)),
    "read_text.go": Program("OUT", "go", make="go build -o OUT read_text.go"),
    "read_text.cpp": Program(
        "OUT",
        "g++",
        make="g++ -std=c++17 -Wall -Wextra -Werror -o OUT read_text.cpp -lcurl",
        headers="curl/curl.h nlohmann/json.hpp",
    ),
    "csharp/ReadText.cs": Program(
        "dotnet", "dotnet OUT/ReadText.dll", make="dotnet build csharp --output OUT"
    ),
}
SLOW = ("ReadText.java", "read_text.go", "read_text.cpp", "csharp/ReadText.cs")


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in PROGRAMS],
)
def call(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Call:
    program = PROGRAMS[request.param]
    if missing := program.missing():
        pytest.skip(f"there is no {missing}")
    out = str(tmp_path_factory.mktemp("program") / "read_text")
    if program.make:
        words = program.make.replace("OUT", out).split()
        made = subprocess.run(words, cwd=CLIENTS, capture_output=True, text=True, timeout=300, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
    command = program.run.replace("OUT", out).split()

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *map(str, arguments)],
            cwd=CLIENTS,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a picture.png"
    path.write_bytes(png(30, 20))
    return path


def test_the_lines_of_a_picture_are_printed(call: Call, server: Server, picture: Path) -> None:
    done = call(picture, f"{server.url}/predict/ocr_system")
    assert done.stdout == '宽 30\n"20" high\n', done.stderr
    assert done.returncode == 0


def test_the_server_s_words_are_printed_and_the_exit_code_is_1(
    call: Call, server: Server, picture: Path, tmp_path: Path
) -> None:
    done = call(picture, f"{server.url}/predict/other")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Module other is not available." in done.stderr
    (tmp_path / "text.jpg").write_text("no picture")
    done = call(tmp_path / "text.jpg", f"{server.url}/predict/ocr_system")
    assert (done.returncode, done.stdout) == (1, "")
    assert "images[0] is not a readable image" in done.stderr


def test_no_server_and_no_file_are_errors_without_a_traceback(
    call: Call, picture: Path, tmp_path: Path
) -> None:
    for image in (picture, tmp_path / "missing.png"):
        done = call(image, f"http://127.0.0.1:{free_port()}/predict/ocr_system")
        assert (done.returncode, done.stdout) == (1, "")
        assert 0 < len(done.stderr.strip().splitlines()) <= 2, done.stderr


def test_the_document_shows_the_programs_as_they_are() -> None:
    shown = {block.file: block.text for block in read(ROOT / "doc" / "calling.md") if block.file}
    assert set(shown) == {f"examples/clients/{name}" for name in PROGRAMS}
    for file, text in shown.items():
        assert file
        assert text == (ROOT / file).read_text("utf-8"), file
