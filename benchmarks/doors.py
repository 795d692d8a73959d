"""OCR by each door of one server: what ``/ocr`` and ``/v2`` add to ``/predict/ocr_system``.

One server has ocr_system and ocr_pipeline on the same models. Every door is asked for the same drawn pages,
with the same parameters and without pictures. One caller: one request after the other, the doors in
turns, so that whatever else the machine does meets all alike; the figure is the median over the pages of the
ratio of a page's median times. Four callers: the doors take turns of some seconds each; images a second, and
the CPU time of all the server's processes for an image. That the doors read the same is checked first.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests

from benchmarks import load, machine
from benchmarks.ocr_drive import draw
from benchmarks.ocr_servers import ocr_server
from benchmarks.server import HubServer
from hub.ocr.model_sets import DEFAULT

PAGES = 12
TARGET = 1.05
#: What every door is asked for: in PaddleOCR's names, and in PaddleX's. Defaults of the two modules differ.
OPTIONS = {
    "det_limit_side_len": 960,
    "det_limit_type": "max",
    "det_db_thresh": 0.2,
    "det_db_box_thresh": 0.45,
    "det_db_unclip_ratio": 1.4,
    "drop_score": 0.5,
}
PARAMETERS = {
    "fileType": 1,
    "visualize": False,
    "textDetLimitSideLen": 960,
    "textDetLimitType": "max",
    "textDetThresh": 0.2,
    "textDetBoxThresh": 0.45,
    "textDetUnclipRatio": 1.4,
    "textRecScoreThresh": 0.5,
}
PREDICT = "/predict/ocr_system"


@dataclass(frozen=True)
class Door:
    """``body`` makes a request from an image's base64, ``texts`` takes the lines out of its reply."""

    name: str
    path: str
    body: Callable[[str], Any]
    texts: Callable[[Any], list[str]]


def _predict(image: str) -> Any:
    return {"images": [image], **OPTIONS}


def _ocr(image: str) -> Any:
    return {"file": image, **PARAMETERS}


def _in_tensor(body: Callable[[str], Any]) -> Callable[[str], Any]:
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1, 1]}
    return lambda image: {"inputs": [{**tensor, "data": [json.dumps(body(image))]}]}


def _predicted(reply: Any) -> list[str]:
    return [line["text"] for line in reply["results"][0]]


def _read(reply: Any) -> list[str]:
    texts: list[str] = reply["result"]["ocrResults"][0]["prunedResult"]["rec_texts"]
    return texts


def _from_tensor(texts: Callable[[Any], list[str]]) -> Callable[[Any], list[str]]:
    return lambda reply: texts(json.loads(reply["outputs"][0]["data"][0]))


DOORS = (
    Door(PREDICT, PREDICT, _predict, _predicted),
    Door("/ocr", "/ocr", _ocr, _read),
    Door("/v2, module", "/v2/models/ocr_system/infer", _in_tensor(_predict), _from_tensor(_predicted)),
    Door("/v2, pipeline", "/v2/models/ocr/infer", _in_tensor(_ocr), _from_tensor(_read)),
)


def main(quick: bool, model: str = DEFAULT) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hub-bench-doors-") as scratch:
        images = [base64.b64encode(image.data).decode() for image in draw(Path(scratch) / "images", PAGES)]
        with ocr_server(model) as server:
            alone = in_turns(server.url, images, rounds=3 if quick else 25)
            rates, cpu = four_callers(server, images, rounds=2 if quick else 9)
    machine.print_table(
        "OCR by each door of one server, relative to /predict",
        ("door", "time, one caller", "images/s, four callers", "CPU per image, four callers"),
        [(name, f"{alone[name]:.3f}", f"{rates[name]:.3f}", f"{cpu[name]:.3f}") for name in alone],
    )
    missed = [
        f"doors: {name} takes {ratio:.3f} × /predict, more than {TARGET}"
        for name, ratio in alone.items()
        if ratio > TARGET
    ]
    return {
        "model": model,
        "time_one_caller": alone,
        "rate_four_callers": rates,
        "cpu_four_callers": cpu,
        "missed": missed,
    }


def in_turns(url: str, images: Sequence[str], *, rounds: int) -> dict[str, float]:
    """Return door → its time, relative to /predict; raises RuntimeError where doors do not read the same."""
    session = requests.Session()
    seconds: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds + 1):
        for page, image in enumerate(images):
            texts = []
            # Each door comes after each other one equally often.
            for door in DOORS[number % len(DOORS) :] + DOORS[: number % len(DOORS)]:
                data = json.dumps(door.body(image))
                began = time.perf_counter()
                reply = session.post(url + door.path, data=data, headers={"Content-Type": "application/json"})
                elapsed = time.perf_counter() - began
                texts.append(door.texts(reply.json()))
                if number:  # the first round prepares kernels
                    seconds.setdefault((door.name, page), []).append(elapsed)
            if any(each != texts[0] for each in texts):
                raise RuntimeError(f"page {page} is not read alike by all doors: {texts}")
    return {
        door.name: round(
            median(
                median(seconds[door.name, page]) / median(seconds[PREDICT, page])
                for page in range(len(images))
            ),
            4,
        )
        for door in DOORS
    }


def four_callers(
    server: HubServer, images: Sequence[str], *, rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Return images/s and CPU time per image of each door relative to /predict: medians of the rounds."""
    rates: dict[str, list[float]] = {door.name: [] for door in DOORS}
    cpu: dict[str, list[float]] = {door.name: [] for door in DOORS}
    requests_of = {
        door.name: [load.post(door.path, json.dumps(door.body(image)).encode()) for image in images]
        for door in DOORS
    }
    for number in range(rounds):
        for door in DOORS if number % 2 else DOORS[::-1]:
            made = requests_of[door.name]

            def make(client: int, serial: int, made: list[bytes] = made) -> tuple[bytes, bytes | None]:
                return made[(client * 3 + serial) % len(made)], None

            used = machine.cpu_seconds(server.pids)
            outcome = load.run(server.port, 4, 2.0, make)
            used = machine.cpu_seconds(server.pids) - used
            if not outcome.is_clean:
                raise RuntimeError(f"{door.name} failed: {outcome.codes}, {len(outcome.lost)} lost")
            rates[door.name].append(outcome.requests_per_second)
            cpu[door.name].append(used / len(outcome.seconds))
    return _relative(rates), _relative(cpu)


def _relative(figures: dict[str, list[float]]) -> dict[str, float]:
    base = figures[PREDICT]
    return {
        name: round(median(a / b for a, b in zip(each, base, strict=True)), 4)
        for name, each in figures.items()
    }
