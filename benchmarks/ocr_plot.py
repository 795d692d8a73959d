"""The picture of ocr.py's figures: speed and text quality of every server side by side, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

WIDTH, BAR, GAP, LABEL = 860, 22, 10, 230
#: Ours, the others'.
COLOURS: Final = ("#1f6f8b", "#b8b8b8")


def draw(figures: Mapping[str, Any]) -> str:
    """Draw two columns of bars, one server a row: images/s at four callers, and errors in per cent."""
    rates = {
        name: levels["4"]["images_per_second"] for name, levels in figures["servers"].items() if "4" in levels
    }
    wrong = {name: figures["errors_percent"][name]["all"] for name in rates}
    height = 64 + len(rates) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13" fill="#222">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    half = (WIDTH - LABEL) // 2
    columns = (
        ("images/s, 4 callers (more is better)", rates, 1),
        ("wrong characters, % (less is better)", wrong, 2),
    )
    for column, (title, values, digits) in enumerate(columns):
        left = LABEL + column * half
        parts.append(f'<text x="{left}" y="26" font-weight="bold">{title}</text>')
        scale = (half - 70) / max(values.values())
        for row, (name, value) in enumerate(values.items()):
            y = 44 + row * (BAR + GAP)
            colour = COLOURS[not name.startswith("PP-OCR")]
            length = value * scale
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{BAR}" fill="{colour}"/>')
            parts.append(f'<text x="{left + length + 6:.0f}" y="{y + 16}">{value:.{digits}f}</text>')
            if not column:
                shown = f"HubServing, {name}" if name.startswith("PP-OCR") else name
                parts.append(f'<text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(shown)}</text>')
    return "\n".join([*parts, "</svg>", ""])
