"""ocr_system beside the RapidOCR pipeline: images a second, latency, memory, and what HTTP costs.

48 drawn images in turn (tools/labelled_set.py), every other one a card with a few words, the rest pages;
the same weights and parameters, no angle classifier on either side, clients in a closed loop. All servers
are up, idle while it is not their turn. Five rounds, in each of which every server has 1, 4 and 16 callers;
figures are medians over the rounds, and ratios medians of the ratios within a round.
Errors are those of the texts that a server answered, per written character.

"In process" and "engine" are the same pipeline, and only its models, in one process without HTTP, with
four threads: each in turn with the server, all 48 images every time. A page costs several times what a card
does, so that no other mix of images would do for a difference of a few per cent.

Memory is that of the whole server with default settings (angle classifier on): 500 images of 200 sizes,
in parity mode 300.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks import machine, ocr_plot
from benchmarks.ocr_drive import Drawn, bodies, draw, drive, error_rate
from benchmarks.ocr_servers import PEERS as RAPIDOCR
from benchmarks.ocr_servers import Contender, Inside, hubserving, rapidocr
from hub.ocr.model_sets import DEFAULT
from hub.serving.process.memory import SECONDS as TRIM_SECONDS

IMAGES = 48
CALLERS = (1, 4, 16)
FAST = "HubServing, fast"
#: The rows of HubServing: their init_args. The first is the fidelity mode, the last what one gets unasked.
OURS: dict[str, dict[str, Any]] = {
    "HubServing, parity f32": {"parity": True},
    "HubServing, fast f32": {"precision": "f32"},
    FAST: {},
}
WITHOUT_CLASSIFIER = {"params": {"use_angle_cls": False}}
PEERS = ("mosec", "fastapi")
#: Row → how many times the faster peer's images a second are wanted.
TARGETS = {"HubServing, parity f32": 1.5, "HubServing, fast f32": 1.9, FAST: 3.0}


@dataclass(frozen=True)
class Figures:
    """One server at one number of callers: one entry per round."""

    rates: list[float]
    p50_ms: list[float]
    seconds: list[float]
    cpu_ms: list[float]

    def said(self) -> dict[str, float]:
        return {
            "images_per_second": round(median(self.rates), 2),
            "p50_ms": round(median(self.p50_ms), 1),
            "p99_ms": round(float(np.percentile(self.seconds, 99)) * 1000, 1),
            "cpu_ms_per_image": round(median(self.cpu_ms), 1),
        }


def main(quick: bool, model: str = DEFAULT) -> dict[str, Any]:
    if model not in RAPIDOCR:
        raise SystemExit(f"ocr: RapidOCR brings no {model}; --model can be {' or '.join(RAPIDOCR)}")
    with tempfile.TemporaryDirectory(prefix="hub-bench-ocr-") as scratch:
        folder = Path(scratch)
        drawn = draw(folder / "images", IMAGES)
        images = [each.data for each in drawn]
        found = measure_speed(model, folder / "images", drawn, rounds=2 if quick else 5, quick=quick)
        found["memory"] = measure_memory(model, images, count=100 if quick else 500)
    checks = judge(found)
    report(found, checks)
    if not quick:
        machine.RESULTS.mkdir(exist_ok=True)
        (machine.RESULTS / "ocr.svg").write_text(ocr_plot.draw(found["servers"], found["memory_mb"]), "utf-8")
    return (
        {"model": model}
        | found
        | {"checks": checks, "missed": [each["what"] for each in checks if not each["pass"]]}
    )


# -- speed -----------------------------------------------------------------------------------------


def measure_speed(
    model: str, images: Path, drawn: list[Drawn], *, rounds: int, quick: bool
) -> dict[str, Any]:
    requests = bodies([each.data for each in drawn])
    seconds = {1: 1.0, 4: 1.5, 16: 2.0} if quick else {1: 2.5, 4: 3.5, 16: 4.0}
    figures: dict[tuple[str, int], Figures] = {}
    with ExitStack() as stack:
        contenders = [
            stack.enter_context(hubserving(name, model, **WITHOUT_CLASSIFIER, **args))
            for name, args in OURS.items()
        ]
        contenders += [stack.enter_context(rapidocr(kind, model)) for kind in PEERS]
        alone = Inside(images, model, **WITHOUT_CLASSIFIER, **OURS[FAST])
        stack.callback(alone.stop)
        wrong = {contender.name: error_rate(contender, requests, drawn) for contender in contenders}
        for number in range(rounds):
            order = contenders if number % 2 else contenders[::-1]
            for callers in CALLERS:
                for contender in order:
                    entry = figures.setdefault((contender.name, callers), Figures([], [], [], []))
                    pids = machine.tree(contender.pid)
                    used = machine.cpu_seconds(pids)
                    # From where the round before stopped: in a few seconds a slow server would see only
                    # the first images, a fast one all.
                    outcome = drive(contender, requests, callers, seconds[callers], first=len(entry.seconds))
                    used = machine.cpu_seconds(pids) - used
                    entry.rates.append(outcome.requests_per_second)
                    entry.p50_ms.append(outcome.percentile(50) * 1000)
                    entry.seconds.extend(outcome.seconds)
                    entry.cpu_ms.append(used / len(outcome.seconds) * 1000)
        inside = measure_share(
            next(each for each in contenders if each.name == FAST), alone, requests, rounds + rounds // 2
        )
        memory = {
            contender.name: round(machine.memory_mb(machine.tree(contender.pid))) for contender in contenders
        }
    servers = {
        contender.name: {callers: figures[contender.name, callers].said() for callers in CALLERS}
        for contender in contenders
    }
    return {
        "servers": servers,
        "ratios": ratios(figures),
        "memory_mb": memory,
        "errors_percent": wrong,
    } | inside


def measure_share(served: Contender, alone: Inside, requests: list[bytes], rounds: int) -> dict[str, Any]:
    """Return images a second in process, and those of the server relative to them; all with four callers."""
    works: dict[str, Callable[[], float]] = {
        "served": lambda: drive(served, requests, 4, 600.0, len(requests)).requests_per_second,
        "pipeline": lambda: alone.images_per_second("pipeline", 4),
        "engine": lambda: alone.images_per_second("engine", 4),
    }
    rates: dict[str, list[float]] = {kind: [] for kind in works}
    for number in range(rounds):
        for kind in list(works)[:: 1 if number % 2 else -1]:
            rates[kind].append(works[kind]())
    inside = ("pipeline", "engine")
    return {
        "inside": {kind: round(median(rates[kind]), 2) for kind in inside},
        "served_share": {
            kind: round(median(a / b for a, b in zip(rates["served"], rates[kind], strict=True)), 3)
            for kind in inside
        },
    }


def ratios(figures: dict[tuple[str, int], Figures]) -> dict[str, dict[int, dict[str, float]]]:
    """Return row → callers → images/s and p50 relative to the faster peer, median of the rounds' ratios."""
    said: dict[str, dict[int, dict[str, float]]] = {}
    peers = [f"RapidOCR, {kind}" for kind in PEERS]
    for name in OURS:
        for callers in CALLERS:
            best = max(peers, key=lambda peer: median(figures[peer, callers].rates))
            ours, theirs = figures[name, callers], figures[best, callers]
            said.setdefault(name, {})[callers] = {
                "images_per_second": round(
                    median(a / b for a, b in zip(ours.rates, theirs.rates, strict=True)), 2
                ),
                "p50": round(median(a / b for a, b in zip(ours.p50_ms, theirs.p50_ms, strict=True)), 3),
            }
    return said


# -- memory ----------------------------------------------------------------------------------------


def measure_memory(model: str, images: list[bytes], *, count: int) -> dict[str, Any]:
    """Measure the server's PSS with default settings, and in parity mode, after images of 200 sizes."""
    rng = np.random.default_rng(5)
    sizes = [tuple(int(side) for side in rng.integers(240, 1400, 2)) for _ in range(200)]
    requests = []
    for index in range(count):
        image = cv2.imdecode(np.frombuffer(images[index % len(images)], np.uint8), cv2.IMREAD_COLOR)
        resized = cv2.resize(image, sizes[index % len(sizes)], interpolation=cv2.INTER_AREA)
        requests.append(cv2.imencode(".jpg", resized)[1].tobytes())
    found: dict[str, Any] = {}
    for name, init_args, most in (("default", {}, count), ("parity", {"parity": True}, count * 3 // 5)):
        with hubserving(name, model, **init_args) as contender:
            pids = machine.tree(contender.pid)
            said = {"ready_s": round(contender.ready_seconds, 2), "ready_mb": round(machine.memory_mb(pids))}
            done = 0
            for mark in (count * 2 // 5, most):
                drive(contender, bodies(requests[done:mark]), 2, 600.0, mark - done)
                done = mark
                time.sleep(TRIM_SECONDS + 2)  # what was freed goes back then, when the idle runner looks
                said["mb_in_between" if mark < most else "mb_at_the_end"] = round(
                    machine.memory_mb(machine.tree(contender.pid))
                )
            found[name] = said
    return found


# -- verdict ---------------------------------------------------------------------------------------


def judge(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each target of the project, and whether it was reached in this run."""
    checks = [
        check(f"{name}, {callers} callers: images/s against the faster peer", ratio, ">=", target)
        for name, target in TARGETS.items()
        for callers, ratio in ((n, found["ratios"][name][n]["images_per_second"]) for n in (4, 16))
    ]
    share, default = found["served_share"], found["servers"][FAST]
    checks += [
        check("4 callers: served, against the pipeline in process", share["pipeline"], ">=", 0.95),
        check("4 callers: served, against the engine alone", share["engine"], ">=", 0.85),
        check("1 caller: p50 against the faster peer", found["ratios"][FAST][1]["p50"], "<=", 0.33),
        check(
            "16 callers: p99 against p50", round(default[16]["p99_ms"] / default[16]["p50_ms"], 2), "<=", 3
        ),
    ]
    for name, said in found["memory"].items():
        before, after = said["mb_in_between"], said["mb_at_the_end"]
        checks += [
            check(f"{name}: MB at the end", after, "<=", 1100),
            check(
                f"{name}: growth from the 200th image to the last", round(after / before - 1, 3), "<=", 0.05
            ),
            check(f"{name}: seconds until ready", said["ready_s"], "<=", 3.0),
        ]
    return checks


def check(what: str, value: float, sign: str, target: float) -> dict[str, Any]:
    good = value >= target if sign == ">=" else value <= target
    return {"what": what, "value": value, "target": f"{sign} {target}", "pass": good}


def report(found: dict[str, Any], checks: list[dict[str, Any]]) -> None:
    rows = []
    for name, levels in found["servers"].items():
        rates = [f"{levels[n]['images_per_second']:.1f}" for n in CALLERS]
        against = found["ratios"].get(name)
        rows.append(
            (
                name,
                *rates,
                f"{levels[1]['p50_ms']:.0f}",
                f"{levels[16]['p99_ms']:.0f}",
                f"{levels[4]['cpu_ms_per_image']:.0f}",
                str(found["memory_mb"][name]),
                f"{found['errors_percent'][name]:.2f} %",
                " / ".join(f"{against[n]['images_per_second']} ×" for n in CALLERS) if against else "",
            )
        )
    heads = (
        "server",
        "1 caller",
        "4",
        "16",
        "p50 ms at 1",
        "p99 ms at 16",
        "CPU ms/image",
        "MB",
        "errors",
        "of the faster peer",
    )
    machine.print_table(f"Images a second, {IMAGES} drawn images, no angle classifier", heads, rows)
    inside = found["inside"]
    print(f"\nDefault, in process: {inside['pipeline']} images/s; engine alone: {inside['engine']}")
    memory = [(name, *(str(value) for value in said.values())) for name, said in found["memory"].items()]
    columns = ("mode", *(key.replace("_", " ") for key in found["memory"]["default"]))
    machine.print_table("Whole server with its angle classifier, images of 200 sizes", columns, memory)
    verdicts = [
        (each["what"], f"{each['value']}", each["target"], "pass" if each["pass"] else "FAIL")
        for each in checks
    ]
    machine.print_table("Targets", ("what", "measured", "wanted", ""), verdicts)
