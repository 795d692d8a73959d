"""What reads the labelled set by kind: our models and precisions, the state before, and two other libraries.

Each reads in a process of its own, with the Python of its environment (kinds_read.py). The state before is
commit 6590ed7, unpacked from git beside the set, with its rules and thresholds, f32, and today's weights.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import yaml

import hub
from benchmarks import environment, machine

BEFORE: Final = "6590ed7"
MODULE: Final = machine.ROOT / "deploy" / "hubserving" / "ocr_system"
#: Reader → what its environment has.
PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "faster_paddle": ("faster-paddle==1.0.4", "opencv-python-headless"),
    "rapidocr": ("rapidocr==3.10.0", "onnxruntime"),
}


class UnavailableError(Exception):
    """A setting cannot be measured here; says why in one line."""


@dataclass(frozen=True)
class Setting:
    """One that reads the set.

    Attributes:
        name: in the tables.
        reader: "today", "before", or a key of PACKAGES.
        options: init_args, or what kinds_read.py takes.
        against: the setting before that it must not be worse than.
    """

    name: str
    reader: str
    options: Mapping[str, Any] = field(default_factory=dict)
    against: str | None = None


def _today(model: str, precision: str, against: str | None = None, *, parity: bool = False) -> Setting:
    name = f"{model.replace('_', ' ')}{' parity' if parity else ''} {precision}"
    return Setting(name, "today", {"model": model, "precision": precision, "parity": parity}, against)


def _before(model: str) -> Setting:
    return Setting(f"{model.replace('_', ' ')} f32 at {BEFORE}", "before", {"model": model})


SMALL, TINY, V4 = _before("PP-OCRv6_small"), _before("PP-OCRv6_tiny"), _before("PP-OCRv4_mobile")
#: In the order in which they are read.
SETTINGS: Final = (
    _today("PP-OCRv6_small", "bf16", SMALL.name),
    _today("PP-OCRv6_small", "f32", SMALL.name),
    _today("PP-OCRv6_tiny", "bf16", TINY.name),
    _today("PP-OCRv6_tiny", "f32", TINY.name),
    SMALL,
    TINY,
    Setting("faster-paddle 1.0.4 tiny", "faster_paddle", {"model": "tiny"}),
    Setting("faster-paddle 1.0.4 small", "faster_paddle", {"model": "small"}),
    Setting("RapidOCR 3.10.0", "rapidocr"),
    V4,
    _today("PP-OCRv4_mobile", "bf16", V4.name),
    _today("PP-OCRv4_mobile", "f32", V4.name),
    _today("PP-OCRv5_mobile", "bf16"),
    _today("PP-OCRv5_mobile", "f32"),
    _today("PP-OCRv4_mobile", "f32", parity=True),
    _today("PP-OCRv4_mobile", "bf16", parity=True),
)


def read(setting: Setting, folder: Path, output: Path, kinds: Sequence[str] = ()) -> None:
    """Read the pages of a folder that are not in the output yet, of some kinds or all.

    Raises:
        UnavailableError: the setting cannot be had, or its process failed.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    python, reader, options, path = sys.executable, "hubserving", dict(setting.options), ""
    if setting.reader == "today":
        options, path = {"module": str(MODULE), "init_args": options}, str(machine.ROOT)
    elif setting.reader == "before":
        checkout = _checkout(folder.parent / BEFORE)
        options, path = _options_before(options["model"], checkout), str(checkout)
    else:
        python, reader = _environment(setting.reader), setting.reader
    script = Path(__file__).with_name("kinds_read.py")
    command = [python, "-P", str(script), reader, json.dumps(options), str(folder), str(output)]
    command += kinds
    variables = {**os.environ, "PYTHONPATH": path}
    try:
        subprocess.run(command, check=True, env=variables, cwd=folder)
    except subprocess.CalledProcessError as error:
        raise UnavailableError(f"{setting.name}: the reader ended with {error.returncode}") from error


def _environment(name: str) -> str:
    try:
        return str(environment.interpreter(f"kinds_{name}", PACKAGES[name]))
    except environment.NotInstallableError as error:
        raise UnavailableError(str(error)) from error


def _checkout(target: Path) -> Path:
    """Return a folder with hub/ and deploy/ of the commit before."""
    if (target / "hub" / "ocr").is_dir():
        return target
    command = ["git", "archive", BEFORE, "hub", "deploy"]
    done = subprocess.run(command, cwd=machine.ROOT, capture_output=True, check=False)
    if done.returncode:
        raise UnavailableError(f"{' '.join(command)}: {done.stderr.decode().strip()}")
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")
    return target


def _options_before(model: str, checkout: Path) -> dict[str, Any]:
    """Return what loads a set of models there; it knows PP-OCRv6 tiny by its folders only."""
    init_args: dict[str, Any] = {"precision": "f32"}
    module = checkout / "deploy" / "hubserving" / "ocr_system"
    if model != "PP-OCRv6_tiny":
        return {"module": str(module), "init_args": {**init_args, "model": model}}
    copy = checkout / "tiny" / "ocr_system"
    copy.mkdir(parents=True, exist_ok=True)
    for path in module.glob("*.*"):
        (copy / path.name).write_text(path.read_text("utf-8"), "utf-8")
    recogniser = Path(hub.model_path("PP-OCRv6_tiny_rec"))
    described = yaml.safe_load((recogniser / "inference.yml").read_text("utf-8"))
    dictionary = copy / "dictionary.txt"
    dictionary.write_text("\n".join(described["PostProcess"]["character_dict"]) + "\n", "utf-8")
    params = (copy / "params.py").read_text("utf-8")
    for value, other in (
        ("PP-OCRv4_mobile_det", hub.model_path("PP-OCRv6_tiny_det")),
        ("PP-OCRv4_mobile_rec", recogniser),
        ("ppocr_keys_v1.txt", dictionary),
    ):
        params = params.replace(value, str(other))
    (copy / "params.py").write_text(params, "utf-8")
    return {"module": str(copy), "init_args": init_args}
