"""ocr_system beside the fastest other OCR libraries, each behind a server: speed, latency, memory, errors.

48 drawn pictures in turn: a third cards with a few words, a third pages, a third columns, tables and tilted
lines. Clients run in a closed loop. All servers are up, and idle while it is not their turn. There are three
rounds, in each of which every server has 1, 4 and 16 callers; RapidOCR, which takes many times as long, is
in the first alone. Figures are medians over the rounds, and ratios medians of the ratios within a round.
Errors are those of the texts that a server answered, per written character, and the same for each sort of
picture.

HubServing has its own defaults, the angle classifier included: bf16 where the CPU has it, f32 elsewhere. The
peers (ocr_servers.py) run behind mosec:

- "same size": faster-paddle has the weights of PP-OCRv6 too. Its detector gets pictures of the same size as
  ours, longest side at most 960 and nothing enlarged.
- "defaults": everybody's own. faster-paddle enlarges small pictures; RapidOCR 3.10 has PP-OCRv6 small,
  RapidOCR 1.4 PP-OCRv4. For one caller, faster-paddle is also measured as one process with a thread per core.

"In process" and "engine" are PP-OCRv6 small's pipeline, and only its models, in one process without HTTP,
with four threads: each in turn with the server, all pictures every time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from benchmarks import machine, ocr_page
from benchmarks.environment import NotInstallableError
from benchmarks.ocr_drive import Drawn, bodies, draw, drive, error_rates
from benchmarks.ocr_servers import Contender, Inside, Peer, behind_mosec, hubserving
from hub.engines.openvino.engine import BF16_FLAGS, cpu_flags

IMAGES: Final = 48
CALLERS: Final = (1, 4, 16)
SMALL_F32, TINY_F32 = "PP-OCRv6 small, f32", "PP-OCRv6 tiny, f32"
HAS_BF16: Final = not BF16_FLAGS.isdisjoint(cpu_flags())
#: Rows of the defaults.
SMALL, TINY = ("PP-OCRv6 small, bf16", "PP-OCRv6 tiny, bf16") if HAS_BF16 else (SMALL_F32, TINY_F32)
#: Rows of HubServing: model and init_args.
OURS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    SMALL: ("PP-OCRv6_small", {}),
    SMALL_F32: ("PP-OCRv6_small", {"precision": "f32"}),
    TINY: ("PP-OCRv6_tiny", {}),
    TINY_F32: ("PP-OCRv6_tiny", {"precision": "f32"}),
}
_SAME: Final = {"det_min_side": 32, "det_max_side": 960}
_CORES: Final = len(os.sched_getaffinity(0))
PEERS: Final = (
    *(
        Peer(f"faster-paddle {size}, {how}", "faster_paddle", {"model_size": size, **options})
        for size in ("small", "tiny")
        for how, options in (("same size", _SAME), ("defaults", {}))
    ),
    *(
        Peer(f"faster-paddle {size}, one process", "faster_paddle", {"model_size": size}, 1, _CORES)
        for size in ("small", "tiny")
    ),
    Peer("RapidOCR 3.10", "rapidocr"),
    Peer("RapidOCR 1.4", "rapidocr_onnxruntime"),
)
#: Row, peer, and how many times the peer's images a second are wanted at 4 and at 16 callers.
WANTED: Final = (
    *(
        ((SMALL, "faster-paddle small, same size", 1.7), (TINY, "faster-paddle tiny, same size", 1.5))
        if HAS_BF16
        else ()
    ),
    (SMALL_F32, "faster-paddle small, same size", 1.0),
    (TINY_F32, "faster-paddle tiny, same size", 1.0),
    (SMALL, "faster-paddle small, defaults", 3.0),
    (TINY, "faster-paddle tiny, defaults", 2.5),
    (SMALL, "RapidOCR 3.10", 4.0),
    (SMALL, "RapidOCR 1.4", 3.0),
)
#: Row, the peer's set-ups for one caller, and what share of the faster one's p50 is wanted.
ONE_CALLER: Final = (
    (SMALL, ("faster-paddle small, defaults", "faster-paddle small, one process"), 0.4),
    (TINY, ("faster-paddle tiny, defaults", "faster-paddle tiny, one process"), 0.4),
)
#: Points of errors that a row may have more than its peer in a sort of picture.
TOLERANCE: Final = 0.1


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


Table = dict[tuple[str, int], Figures]


def main(quick: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hub-bench-ocr-") as scratch:
        folder = Path(scratch)
        drawn = draw(folder, IMAGES)
        (folder / "turn").mkdir()
        for number, each in enumerate(drawn):
            (folder / "turn" / f"{number:03}.jpg").write_bytes(each.data)
        found = measure(folder / "turn", drawn, rounds=1 if quick else 3, quick=quick)
    checks = list(judge(found))
    figures = found | {"checks": checks, "missed": [each["what"] for each in checks if not each["pass"]]}
    ocr_page.show(figures)
    return figures


def measure(images: Path, drawn: list[Drawn], *, rounds: int, quick: bool) -> dict[str, Any]:
    requests = bodies([each.data for each in drawn])
    figures: Table = {}
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        ours = [stack.enter_context(hubserving(name, model, **more)) for name, (model, more) in OURS.items()]
        contenders = list(ours)
        for peer in PEERS:
            try:
                contenders.append(stack.enter_context(behind_mosec(peer)))
            except NotInstallableError as error:
                missing[peer.name] = str(error)
        alone = Inside(images, OURS[SMALL][0])
        stack.callback(alone.stop)
        wrong = {
            each.name: error_rates(each, requests, drawn) for each in contenders if not _is_for_one(each)
        }
        for number in range(rounds):
            its = [each for each in contenders if number == 0 or not _is_slow(each)]
            _round(figures, its[:: 1 if number % 2 else -1], requests, quick=quick)
        inside = measure_share(ours[0], alone, requests, 1 if quick else 2)
        memory = {
            contender.name: round(machine.memory_mb(machine.tree(contender.pid))) for contender in contenders
        }
    servers = {
        each.name: {str(n): figures[each.name, n].said() for n in CALLERS if (each.name, n) in figures}
        for each in contenders
    }
    return {
        "servers": servers,
        "ratios": ratios(figures),
        "memory_mb": memory,
        "ready_s": {each.name: round(each.ready_seconds, 2) for each in ours},
        "errors_percent": wrong,
        "missing": missing,
    } | inside


def _is_for_one(contender: Contender) -> bool:
    """Tell whether it is another set-up of a library, for one caller."""
    return contender.name.endswith("one process")


def _is_slow(contender: Contender) -> bool:
    """Tell whether a second round of it would make the benchmark longer than ten minutes."""
    return contender.name.startswith("RapidOCR")


def _round(figures: Table, contenders: list[Contender], requests: list[bytes], *, quick: bool) -> None:
    seconds = {1: 1.0, 4: 1.0, 16: 1.0} if quick else {1: 1.5, 4: 2.0, 16: 2.5}
    for callers in CALLERS:
        for contender in contenders:
            if callers > 1 and _is_for_one(contender):
                continue
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


def ratios(figures: Table) -> list[dict[str, Any]]:
    """Return what each row has relative to its peers: medians of the rounds' ratios."""
    said: list[dict[str, Any]] = []
    for name, peer, wanted in WANTED:
        for callers in (n for n in CALLERS[1:] if (peer, n) in figures):
            one, other = figures[name, callers], figures[peer, callers]
            said.append(
                {
                    "row": name,
                    "peer": peer,
                    "callers": callers,
                    "images_per_second": _ratio(one.rates, other.rates),
                    "cpu": _ratio(other.cpu_ms, one.cpu_ms),
                    "wanted": wanted,
                }
            )
    return said


def _ratio(ours: list[float], theirs: list[float]) -> float:
    rounds = min(len(ours), len(theirs))
    return round(median(a / b for a, b in zip(ours[:rounds], theirs[:rounds], strict=True)), 2)


def judge(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each target of the project, and whether it was reached in this run."""
    checks = [
        check(
            f"{each['row']} ÷ {each['peer']}, {each['callers']} callers: images/s",
            each["images_per_second"],
            ">=",
            each["wanted"],
        )
        for each in found["ratios"]
    ]
    servers, errors, share = found["servers"], found["errors_percent"], found["served_share"]
    for name, set_ups, most in ONE_CALLER:
        theirs = [servers[peer]["1"]["p50_ms"] for peer in set_ups if peer in servers]
        if theirs:
            value = round(servers[name]["1"]["p50_ms"] / min(theirs), 2)
            checks.append(check(f"{name} ÷ {set_ups[0]}, 1 caller: p50", value, "<=", most))
    for name, peer, _ in WANTED:
        more = [errors[name][sort] - errors[peer][sort] for sort in errors.get(peer, {})]
        if more:
            checks.append(
                check(
                    f"{name}: points of errors above {peer}, any sort", round(max(more), 2), "<=", TOLERANCE
                )
            )
    sixteen = servers[SMALL]["16"]
    return [
        *checks,
        check("4 callers: served ÷ the pipeline in process", share["pipeline"], ">=", 0.95),
        check("4 callers: served ÷ the engine alone", share["engine"], ">=", 0.9),
        check("16 callers: p99 ÷ p50", round(sixteen["p99_ms"] / sixteen["p50_ms"], 2), "<=", 3),
    ]


def check(what: str, value: float, sign: str, target: float) -> dict[str, Any]:
    good = value >= target if sign == ">=" else value <= target
    return {"what": what, "value": value, "target": f"{sign} {target}", "pass": good}
