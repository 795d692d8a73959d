"""Compare OCR replies of two servers: is it the same text, and are the boxes in the same place?

    python tools/compare_replies.py OLD NEW --images scans/
    python tools/compare_replies.py old.json http://127.0.0.1:8868/predict/ocr_system --images scans/
    python tools/compare_replies.py old.json new.json

OLD and NEW are addresses, to which each image of a file or folder is sent, or files that map an image's
name to a reply. A reply is that of ``ocr_system``, ``ocr_det`` or ``ocr_rec`` (the envelope, or its
``results``), or that of PaddleX's ``/ocr``. OLD is the reference. The exit code is 0 if text and boxes
agree within the limits (``--max-edits``, ``--max-shift``), 1 if they do not, 2 if there is no reply.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import requests

#: Boxes that overlap less than this are not the same box.
SAME_BOX_IOU = 0.5
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
TIMEOUT_S = 90


@dataclass
class Comparison:
    """The differences between two replies to one image."""

    characters: int = 0
    edits: int = 0
    lines: tuple[int, int] = (0, 0)
    unmatched: int = 0
    shifts: list[float] = field(default_factory=list)
    ious: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)


def edit_distance(one: str, other: str) -> int:
    """Fewest insertions, deletions and replacements of a character between two strings."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def box_iou(one: Sequence[Any], other: Sequence[Any]) -> float:
    """Intersection over union of two convex quadrilaterals."""
    a, b = np.array(one, np.float32), np.array(other, np.float32)
    overlap, _ = cv2.intersectConvexConvex(a, b)
    union = cv2.contourArea(a) + cv2.contourArea(b) - overlap
    return float(overlap / union) if union else 0.0


def items_of(reply: Any) -> list[dict[str, Any]]:
    """Return the items of the first image in a reply: an envelope, its results, or a reply of ``/ocr``."""
    if isinstance(reply, dict) and "result" in reply:
        page = reply["result"]["ocrResults"][0]["prunedResult"]
        read = zip(page["rec_texts"], page["rec_scores"], page["rec_polys"], strict=True)
        return [{"text": text, "confidence": score, "text_region": box} for text, score, box in read]
    results = reply["results"] if isinstance(reply, dict) else reply
    return list(results[0]) if results else []


def replies_of(source: str, images: Path | None) -> dict[str, Any]:
    """Return replies by image name: a file's, or those that an address gives now.

    Raises:
        ValueError: there is nothing to send, nobody answers, or the answer is an error.
        OSError: the file cannot be read.
    """
    if not source.startswith(("http://", "https://")):
        return dict(json.loads(Path(source).read_text("utf-8")))
    if images is None:
        raise ValueError(f"{source} is an address: name the images to send with --images")
    found = sorted(images.iterdir()) if images.is_dir() else [images]
    found = [path for path in found if path.suffix.lower() in IMAGES]
    if not found:
        raise ValueError(f"{images} has no images ({' '.join(IMAGES)})")
    with requests.Session() as session:
        session.trust_env = urlsplit(source).hostname not in ("127.0.0.1", "localhost", "::1")  # no proxy
        return {path.name: _ask(session, source, path) for path in found}


def _ask(session: requests.Session, address: str, image: Path) -> Any:
    encoded = base64.b64encode(image.read_bytes()).decode()
    of_paddlex = address.rstrip("/").endswith("/ocr")
    body = {"file": encoded, "fileType": 1, "visualize": False} if of_paddlex else {"images": [encoded]}
    try:
        reply = session.post(address, json=body, timeout=TIMEOUT_S)
    except requests.ConnectionError as error:
        raise ValueError(f"cannot reach {address}. Is the server running there?") from error
    if not reply.ok:
        raise ValueError(f"{address} answered HTTP {reply.status_code} to {image.name}: {reply.text[:200]}")
    answer = reply.json()
    if ("result" if of_paddlex else "results") not in answer or str(answer.get("status", "0")).strip("0"):
        raise ValueError(f"{address} answered {image.name} with an error: {reply.text[:200]}")
    return answer


def match_lines(
    reference: list[dict[str, Any]], other: list[dict[str, Any]]
) -> list[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Pair the items of two replies: by overlap of their boxes, or by position where there are none."""
    if not any("text_region" in item for item in reference + other):
        longest = max(len(reference), len(other))
        padded = [[*items, *[None] * (longest - len(items))] for items in (reference, other)]
        return list(zip(*padded, strict=True))
    free = list(other)
    pairs: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = []
    for item in reference:
        overlaps = [box_iou(item["text_region"], candidate["text_region"]) for candidate in free]
        best = int(np.argmax(overlaps)) if overlaps else -1
        pairs.append((item, free.pop(best) if best >= 0 and overlaps[best] >= SAME_BOX_IOU else None))
    return pairs + [(None, item) for item in free]


def compare(reference: list[dict[str, Any]], other: list[dict[str, Any]]) -> Comparison:
    """Compare the items of two replies to one image."""
    result = Comparison(lines=(len(reference), len(other)))
    for one, two in match_lines(reference, other):
        texts = [(item or {}).get("text", (item or {}).get("angle", "")) for item in (one, two)]
        result.characters += len(texts[0])
        edits = edit_distance(*texts)
        result.edits += edits
        if edits:
            result.changed.append((texts[0], texts[1]))
        if one is None or two is None:
            result.unmatched += 1
            continue
        if "text_region" in one:
            corners = np.abs(np.array(one["text_region"]) - np.array(two["text_region"]))
            result.shifts.append(float(corners.max()))
            result.ious.append(box_iou(one["text_region"], two["text_region"]))
        if "confidence" in one:
            result.confidences.append(abs(one["confidence"] - two["confidence"]))
    return result


def report(name: str, result: Comparison) -> None:
    """Print one image's line, and every text that changed."""
    print(
        f"{name:40.40} {result.lines[0]:4} {result.lines[1]:4} {result.edits:6} {result.unmatched:9} "
        f"{max(result.shifts, default=0):6.0f} {min(result.ious, default=1):7.3f} "
        f"{max(result.confidences, default=0):8.5f}"
    )
    for before, after in result.changed:
        print(f"    - {before}\n    + {after}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference", metavar="OLD", help="an address, or a JSON file of replies")
    parser.add_argument("other", metavar="NEW", help="likewise")
    parser.add_argument("--images", type=Path, help="an image, or a folder of images, to send to addresses")
    parser.add_argument("--max-edits", type=int, default=0, help="edits allowed over all images (0)")
    parser.add_argument("--max-shift", type=float, default=1, help="pixels a corner may move (1)")
    options = parser.parse_args()
    try:
        reference, other = (replies_of(each, options.images) for each in (options.reference, options.other))
    except (OSError, ValueError) as error:  # requests' other errors are OSErrors
        print(f"Error: {error}", file=sys.stderr)
        return 2
    heads = ("A", "B", "edits", "unmatched", "shift", "min IoU", "conf")
    print("{:40} {:>4} {:>4} {:>6} {:>9} {:>6} {:>7} {:>8}".format("image", *heads))
    results = []
    for name in reference:
        if name not in other:
            print(f"{name}: only in {options.reference}")
            return 1
        results.append(compare(items_of(reference[name]), items_of(other[name])))
        report(name, results[-1])
    characters, edits = sum(r.characters for r in results), sum(r.edits for r in results)
    unmatched = sum(r.unmatched for r in results)
    shift = max((s for r in results for s in r.shifts), default=0.0)
    rate = 100 * edits / max(1, characters)
    print(
        f"{len(results)} images, {edits} edits in {characters} characters ({rate:.2f} %), "
        f"{unmatched} lines without partner, largest shift {shift:.0f} px"
    )
    return int(edits > options.max_edits or unmatched > 0 or shift > options.max_shift)


if __name__ == "__main__":
    sys.exit(main())
