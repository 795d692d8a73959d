"""Do the main job as a user would, and show how well it went: ``make demo``.

    hub install deploy/hubserving/…        the four OCR modules, and their models
    hub serving start -c … --daemon        a server for this machine only
    python tools/test_hubserving.py …      OCR of every picture in doc/imgs, drawn into hubserving_result/
    hub serving stop -p …                  whatever happens

Then what was read stands beside what is written, with the character accuracy. All of it happens in a
hub home of its own, ``.demo/`` in the checkout: modules and servers of the user's stay as they are.
The exit code is 1 where a command failed, or less was read right than 99.5 % of the characters or 98 % of
the spaces between Latin words.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import requests
from rich.console import Console
from rich.table import Table
from rich.text import Text
from score_text import Line, Score, reading_order, score, total, word_spaces

from hub.ocr.font import cjk_font_file

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".demo"
MODULES = ("ocr_det", "ocr_cls", "ocr_rec", "ocr_system")
CONFIG = Path("deploy/hubserving/ocr_system/config.json")
PICTURES = Path("doc/imgs")
REQUIRED_ACCURACY = 0.995
REQUIRED_SPACES = 0.98
READY_TIMEOUT_S = 30.0
REPLY_TIMEOUT_S = 90.0

console = Console(highlight=False)


class DemoFailed(Exception):
    """A step did not work; the message says which and what to look at."""


class Terminated(KeyboardInterrupt):
    """Somebody sent SIGTERM: end as after Ctrl-C."""


def main() -> int:
    """Run the demo and return the exit code."""
    # A terminated demo must stop its server too; as an exception it passes through `finally`.
    signal.signal(signal.SIGTERM, _terminate)
    os.chdir(ROOT)
    os.environ["HUB_HOME"] = str(HOME)
    console.print(
        f"The demo keeps its modules, models and logs in {HOME}; your own hub home is not touched.\n"
    )
    try:
        install()
        config, port = choose_port()
        scores = serve_and_read(config, port)
    except DemoFailed as error:
        console.print(f"\n[bold red]The demo failed:[/] {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted.")
        return 1
    return summarise(scores)


def install() -> None:
    """Install the OCR modules, and get a Chinese font where the system has none."""
    for name in MODULES:
        run("hub", "install", f"deploy/hubserving/{name}/")
    if cjk_font_file() is None and run("hub", "weights", "fetch", "NotoSansCJKsc", check=False):
        console.print(
            "Without a Chinese font the pictures show its characters as empty boxes; the rest is the same."
        )


def serve_and_read(config: Path, port: int) -> dict[str, Score]:
    """Start the server, let it read the pictures, and stop it in any case."""
    try:
        run("hub", "serving", "start", "-c", str(config), "--daemon")
        wait_until_ready(port)
        url = f"http://127.0.0.1:{port}/predict/ocr_system"
        # Its log lines repeat what the tables below show; the summary, on stderr, is worth seeing.
        client = ("python", "tools/test_hubserving.py", url, f"./{PICTURES}/")
        run(*client, "--visualize", "true", quiet=True)
        scores = read_pictures(url)
    except BaseException:  # the first error is the one to report, Ctrl-C included
        stop(port, check=False)
        raise
    stop(port, check=True)
    return scores


def stop(port: int, *, check: bool) -> None:
    """Stop the demo's server, if it has come as far as writing its PID file."""
    if (HOME / "conf" / f"serving_{port}.json").exists():
        run("hub", "serving", "stop", "-p", str(port), check=check)


def run(*command: str, check: bool = True, quiet: bool = False) -> int:
    """Print a command and run it with this Python's programs; return its exit code.

    Raises:
        DemoFailed: it failed, and ``check`` is on.
    """
    console.print(f"[bold green]$[/] [bold]{shlex.join(command)}[/]", soft_wrap=True)
    program = sys.executable if command[0] == "python" else shutil.which(command[0], path=_program_path())
    if program is None:
        raise DemoFailed(
            f"there is no command {command[0]!r} beside {sys.executable}; `make demo` installs it"
        )
    process = subprocess.Popen([program, *command[1:]], stdout=subprocess.DEVNULL if quiet else None)
    try:
        code = process.wait()
    except KeyboardInterrupt as interruption:
        if isinstance(interruption, Terminated):  # a Ctrl-C has reached the command by itself
            process.send_signal(signal.SIGINT)
        process.wait()
        raise
    finally:
        console.print()
    if code and check:
        raise DemoFailed(f"`{shlex.join(command)}` ended with exit code {code}; logs are in {HOME / 'log'}")
    return code


def _program_path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def choose_port() -> tuple[Path, int]:
    """Return the shipped config and its port, or a copy with a free port where that one is taken."""
    config: dict[str, Any] = json.loads(CONFIG.read_text("utf-8"))
    port = int(config["port"])
    if _is_free(port):
        return CONFIG, port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    console.print(f"Port {port} is taken, so the demo uses {free}.\n")
    copy = HOME / "config.json"
    copy.write_text(json.dumps({**config, "port": free}), "utf-8")
    return copy, free


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until_ready(port: int) -> None:
    """Ask /health/ready until it says 200; the started server has said so already, so once should do.

    Raises:
        DemoFailed: it does not.
    """
    url = f"http://127.0.0.1:{port}/health/ready"
    answer = "no answer"
    deadline = time.monotonic() + READY_TIMEOUT_S
    with local_session() as session:
        while time.monotonic() < deadline:
            try:
                reply = session.get(url, timeout=5)
                if reply.ok:
                    console.print(f"{url} says {reply.text.strip()}\n", soft_wrap=True)
                    return
                answer = reply.text.strip()
            except requests.RequestException as error:
                answer = str(error)
            time.sleep(0.2)
    raise DemoFailed(
        f"{url} is not ready after {READY_TIMEOUT_S:.0f} s: {answer}; logs are in {HOME / 'log'}"
    )


def read_pictures(url: str) -> dict[str, Score]:
    """Send every labelled picture, print what was read beside what is written, and score it."""
    labels: dict[str, list[str]] = json.loads((PICTURES / "labels.json").read_text("utf-8"))
    scores = {}
    with local_session() as session:
        for name, written in labels.items():
            image = base64.b64encode((PICTURES / name).read_bytes()).decode("ascii")
            started = time.perf_counter()
            reply = session.post(url, json={"images": [image]}, timeout=REPLY_TIMEOUT_S)
            elapsed_ms = 1000 * (time.perf_counter() - started)
            envelope = reply.json()
            if envelope["status"] not in ("0", "000"):
                raise DemoFailed(f"{name}: status {envelope['status']}: {envelope['msg']}")
            scores[name] = score(written, reading_order(envelope["results"][0]))
            show(name, scores[name], elapsed_ms)
    return scores


def local_session() -> requests.Session:
    """Return a session that goes to this machine directly, whatever proxy the environment names."""
    session = requests.Session()
    session.trust_env = False
    return session


def show(name: str, found: Score, elapsed_ms: float) -> None:
    """Print one picture's table; a line that was not read right has a mark, its wrong characters are red."""
    console.print(f"[bold]{PICTURES / name}[/], read in {elapsed_ms:.0f} ms: ", end="")
    if not found.lines:
        outcome = "text was read all the same" if found.edits else "nothing was read"
        console.print(f"nothing is written there, and {outcome}\n")
        return
    console.print(f"{found.accuracy:.2%} of {found.characters} characters")
    table = Table()
    for heading in ("written", "read", ""):
        table.add_column(heading, overflow="fold")
    for line in found.lines:
        table.add_row(line.written, marked(line), "[bold red]≠[/]" if is_wrong(line) else "")
    console.print(table, "")


def is_wrong(line: Line) -> bool:
    """Tell whether a line was not read to the letter, spaces left out."""
    return "".join(line.written.split()) != "".join(line.read.split())


def marked(line: Line) -> Text:
    """Return what was read, with the wrong characters in red."""
    text = Text(line.read)
    for index, is_misread in enumerate(line.misread):
        if is_misread:
            text.stylize("bold red", index, index + 1)
    return text


def summarise(scores: dict[str, Score]) -> int:
    """Print the accuracy of every picture and of all, and return the exit code."""
    overall = total(list(scores.values()))
    console.print("[bold]Character accuracy[/] (spaces left out)")
    table = Table()
    for heading in ("picture", "characters", "edits", "accuracy"):
        table.add_column(heading, justify="left" if heading == "picture" else "right")
    for name, found in {**scores, "all": overall}.items():
        table.add_row(name, str(found.characters), str(found.edits), f"{found.accuracy:.2%}")
    console.print(table)
    console.print("The pictures with boxes and text are in hubserving_result/.")
    spaces, written = word_spaces([line for found in scores.values() for line in found.lines])
    console.print(f"Of the {written} spaces between Latin words {spaces} were read.")
    if overall.accuracy < REQUIRED_ACCURACY:
        console.print(f"[bold red]Less than {REQUIRED_ACCURACY:.1%} of the characters were read right.[/]")
        return 1
    if spaces < REQUIRED_SPACES * written:
        console.print(f"[bold red]Less than {REQUIRED_SPACES:.0%} of these spaces were read.[/]")
        return 1
    return 0


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated


if __name__ == "__main__":
    sys.exit(main())
