"""The picture of a run of ocr.py: images a second and memory of every server, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

WIDTH, BAR, GAP, LABEL = 860, 22, 10, 210
COLOURS = ("#1f6f8b", "#b8b8b8")  # ours, the others'


def draw(servers: Mapping[str, Any], memory: Mapping[str, int]) -> str:
    """Draw two columns of bars, one server a row: images/s at four callers, and MB of its processes."""
    rates = {name: levels[4]["images_per_second"] for name, levels in servers.items()}
    height = 64 + len(rates) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13" fill="#222">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    half = (WIDTH - LABEL) // 2
    for column, (title, values, digits) in enumerate(
        (("images per second, 4 callers", rates, 1), ("memory, MB", memory, 0))
    ):
        left = LABEL + column * half
        parts.append(f'<text x="{left}" y="26" font-weight="bold">{title}</text>')
        scale = (half - 80) / max(values.values())
        for row, (name, value) in enumerate(values.items()):
            y = 44 + row * (BAR + GAP)
            colour = COLOURS[not name.startswith("HubServing")]
            length = value * scale
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{BAR}" fill="{colour}"/>')
            parts.append(f'<text x="{left + length + 6:.0f}" y="{y + 16}">{value:.{digits}f}</text>')
            if not column:
                parts.append(f'<text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
